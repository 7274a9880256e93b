// Checks of the hub and of the network between this machine and the hub.
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import packageJson from '../../../package.json' with { type: 'json' };
import { formatDuration } from '../../protocol/duration.ts';
import { CONNECT_TIMEOUT_MS, connectFailure } from '../api-client.ts';
import { certificateProblem } from '../certificate-problem.ts';
import { isLoopback } from '../addresses.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** With a larger difference, ages on the dashboard and log lines of two machines cannot be compared. */
const MAX_CLOCK_SKEW_MS = 5_000;

const Health = Type.Object({
  status: Type.String(),
  reason: Type.Optional(Type.String()),
  name: Type.Literal('signalbox'),
  version: Type.String(),
});

interface HealthResponse {
  health: Static<typeof Health>;
  /** How far the hub's clock is ahead of ours. Null if the response has no date. */
  clockSkewMs: number | null;
}

/**
 * Runs all checks of a hub. If the hub cannot be reached, only the first one.
 * @returns whether the hub can be reached
 */
export async function* checkHub(hub: string): AsyncGenerator<Check, boolean> {
  const response = await fetchHealth(hub);
  if ('status' in response) {
    yield response;
    return false;
  }
  yield checkHealth(hub, response);
  yield checkEncryption(hub);
  yield await checkWebSocket(hub);
  yield checkVersion(response);
  yield checkClock(response);
  return true;
}

async function fetchHealth(hub: string): Promise<HealthResponse | Check> {
  const startedAt = Date.now();
  try {
    const response = await fetch(`${hub}/healthz`, {
      signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS),
    });
    const health: unknown = await response.json().catch(() => null);
    if (!Value.Check(Health, health)) {
      return failed(
        'Hub',
        `${hub} is not a Signalbox hub (HTTP ${response.status}).`,
        'Check the URL, and the configuration of any proxy in front of the hub.',
      );
    }
    // The Date header has whole seconds, so it is half a second behind on average.
    const hubTime = Date.parse(response.headers.get('date') ?? '') + 500;
    const ourTime = (startedAt + Date.now()) / 2;
    return { health, clockSkewMs: Number.isNaN(hubTime) ? null : hubTime - ourTime };
  } catch (error) {
    return failed(
      'Hub',
      connectFailure(hub, error),
      certificateProblem(hub, error)?.fix ??
        'Start the hub with "signalbox serve", or set another URL with --hub. It begins with https if the hub uses TLS.',
    );
  }
}

function checkHealth(hub: string, { health }: HealthResponse): Check {
  if (health.status === 'ok') return ok('Hub', `${hub} is reachable and healthy.`);
  const reason = health.reason ?? health.status;
  return failed(
    'Hub',
    `${hub} is reachable but not healthy: ${reason}`,
    health.status === 'damaged'
      ? 'Stop the hub, and restore its data folder from a backup.'
      : 'Free disk space on the hub, or make its data folder writable. The hub recovers automatically.',
  );
}

function checkEncryption(hub: string): Check {
  const { protocol, hostname } = new URL(hub);
  if (protocol === 'https:') return ok('Encryption', 'Connections use TLS.');
  if (isLoopback(hostname)) return ok('Encryption', 'Not needed: the hub runs on this machine.');
  return warning(
    'Encryption',
    'Tokens and output are sent unencrypted.',
    'Start the hub with --tls-cert and --tls-key, or put a TLS proxy in front of it, and use its https URL.',
  );
}

/** Opens a WebSocket, because many proxies forward only plain HTTP. */
async function checkWebSocket(hub: string): Promise<Check> {
  const { promise: opened, resolve } = Promise.withResolvers<boolean>();
  const socket = new WebSocket(`${hub.replace(/^http/, 'ws')}/ws/agent`);
  const timer = setTimeout(() => resolve(false), CONNECT_TIMEOUT_MS);
  socket.addEventListener('open', () => resolve(true));
  socket.addEventListener('close', () => resolve(false));
  socket.addEventListener('error', () => resolve(false));
  const isOpen = await opened;
  clearTimeout(timer);
  socket.close();
  if (isOpen) return ok('WebSocket', 'Agents and dashboards can connect.');
  return failed(
    'WebSocket',
    'HTTP works, but WebSocket connections fail.',
    'Configure the proxy to forward the Upgrade and Connection headers for /ws/.',
  );
}

function checkVersion({ health }: HealthResponse): Check {
  const { version } = packageJson;
  if (health.version === version) return ok('Version', `${version} on both sides.`);
  return warning(
    'Version',
    `${version} on this machine, ${health.version} on the hub.`,
    'Install the same version on both sides.',
  );
}

function checkClock({ clockSkewMs }: HealthResponse): Check {
  if (clockSkewMs === null) {
    return warning('Clock', 'Not checked: the hub sends no Date header.');
  }
  if (Math.abs(clockSkewMs) < MAX_CLOCK_SKEW_MS) {
    return ok('Clock', 'In sync with the hub.');
  }
  const skew = formatDuration(Math.abs(Math.round(clockSkewMs / 1000)) * 1000);
  return warning(
    'Clock',
    `This machine's clock is ${skew} ${clockSkewMs > 0 ? 'behind' : 'ahead of'} the hub's.`,
    'Synchronize both clocks: timedatectl set-ntp true',
  );
}

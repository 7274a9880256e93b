// What `signalbox doctor` finds out about a hub: whether it is there, what stands between, and who may do what on it.
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import packageJson from '../../package.json' with { type: 'json' };
import { type Check, failed, ok, warning } from './check.ts';
import { ask } from './client.ts';
import { SessionAnswer } from '../protocol/api.ts';
import { findCredentials } from './credentials.ts';

const ANSWER_MS = 10_000;
/** Ages and log lines of two machines can be compared while their clocks are no further apart. */
const CLOCK_MS = 5_000;

const Health = Type.Object({
  status: Type.String(),
  reason: Type.Optional(Type.String()),
  name: Type.Literal('signalbox'),
  version: Type.String(),
});

/** What a hub says of itself, and by which clock. */
interface Heard {
  health: Static<typeof Health>;
  /** How far its clock is ahead of ours, in milliseconds; null where it did not say. */
  aheadMs: number | null;
}

/**
 * Everything about one hub, one after the other; where it cannot be reached, only that.
 * @returns whether it can
 */
export async function* checkHub(hub: string): AsyncGenerator<Check, boolean> {
  const heard = await hear(hub);
  if ('finding' in heard) {
    yield heard;
    return false;
  }
  yield checkHealth(hub, heard);
  yield checkSecrecy(hub);
  yield await checkSocket(hub);
  yield checkVersion(heard);
  yield checkClock(heard);
  return true;
}

async function hear(hub: string): Promise<Heard | Check> {
  const began = Date.now();
  try {
    const answer = await fetch(`${hub}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const health: unknown = await answer.json().catch(() => null);
    if (!Value.Check(Health, health)) {
      const words = `${hub} answers ${answer.status}, and is no Signalbox hub.`;
      return failed(
        'Hub',
        words,
        'Look at the address, and at what the proxy before the hub does.',
      );
    }
    // The header has whole seconds: on average half of one is missing.
    const told = Date.parse(answer.headers.get('date') ?? '') + 500;
    const between = (began + Date.now()) / 2;
    return { health, aheadMs: Number.isNaN(told) ? null : told - between };
  } catch (error) {
    const words = `${hub} cannot be reached: ${error instanceof Error ? error.message : ''}`;
    return failed('Hub', words, 'Start it with "signalbox serve", or name another with --hub.');
  }
}

function checkHealth(hub: string, { health }: Heard): Check {
  if (health.status === 'ok') return ok('Hub', `${hub} is there and well.`);
  const mend = 'Make room on its disk, or mend it: it goes on by itself.';
  return failed('Hub', `${hub} is in trouble: ${health.reason ?? health.status}`, mend);
}

function checkSecrecy(hub: string): Check {
  const { protocol, hostname } = new URL(hub);
  if (protocol === 'https:') return ok('Secrecy', 'The way to it is encrypted.');
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (isHere) return ok('Secrecy', 'It is on this machine: nothing leaves it.');
  const words = 'Tokens and output travel unencrypted.';
  return warning(
    'Secrecy',
    words,
    'Put a proxy with TLS before the hub, and use its https address.',
  );
}

/** Whether a WebSocket gets through: proxies often let pages pass, and not those. */
async function checkSocket(hub: string): Promise<Check> {
  const { promise: opened, resolve } = Promise.withResolvers<boolean>();
  const socket = new WebSocket(`${hub.replace(/^http/, 'ws')}/ws/agent`);
  const timer = setTimeout(() => resolve(false), ANSWER_MS);
  socket.addEventListener('open', () => resolve(true));
  socket.addEventListener('close', () => resolve(false));
  socket.addEventListener('error', () => resolve(false));
  const isOpen = await opened;
  clearTimeout(timer);
  socket.close();
  if (isOpen) return ok('WebSocket', 'Agents and dashboards can connect.');
  const mend = 'Have the proxy pass on the headers Upgrade and Connection for /ws/.';
  return failed('WebSocket', 'Pages come through, but no WebSocket does.', mend);
}

function checkVersion({ health }: Heard): Check {
  const ours = packageJson.version;
  if (health.version === ours) return ok('Version', `${ours}, here and there.`);
  const words = `${ours} here, ${health.version} on the hub.`;
  return warning(
    'Version',
    words,
    'Use the same binary on both: what is new in one is not in the other.',
  );
}

function checkClock({ aheadMs }: Heard): Check {
  if (aheadMs === null) return warning('Clock', 'The hub does not tell its time.');
  const seconds = Math.abs(Math.round(aheadMs / 1000));
  if (Math.abs(aheadMs) < CLOCK_MS) return ok('Clock', 'This one and the hub’s agree.');
  const words = `This clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} the hub's.`;
  return warning('Clock', words, 'Set both by the network: timedatectl set-ntp true');
}

/** Whether somebody is logged in from here. */
export async function checkLogin(hub: string): Promise<Check> {
  const mend = `signalbox login --hub ${hub}`;
  try {
    const { token } = findCredentials(hub);
    const { userId, role } = await ask(hub, '/session', SessionAnswer, { token });
    return ok('Login', `You are ${userId} (${role}).`);
  } catch {
    const words = 'There is none that is good: run, ps, logs and interrupt need one.';
    return warning('Login', words, mend);
  }
}

/** Whether an agent's token is good. @param token null where none was given, an error where it cannot be read */
export async function checkToken(
  hub: string,
  agentId: string | undefined,
  token: string | null | Error,
): Promise<Check> {
  const name = 'Agent token';
  const mendNaming = 'signalbox doctor --id <id> --token-file <file>';
  if (token instanceof Error) return failed(name, token.message, mendNaming);
  if (token === null) return warning(name, 'Not looked at: none was given.', mendNaming);
  if (agentId === undefined) {
    return warning(name, 'Not looked at: --id says whose it is.', mendNaming);
  }
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/token`;
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${hub}${path}`, {
    headers,
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => null);
  if (answer?.ok) return ok(name, `${agentId} may connect with it.`);
  if (!answer) return failed(name, 'The hub did not answer.');
  if (answer.status !== 401) return failed(name, `The hub answered ${answer.status}.`);
  const mend = 'Add the agent on the dashboard, and use the token shown there.';
  return failed(name, `The hub knows no agent ${agentId} with this token.`, mend);
}

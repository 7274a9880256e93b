// The growth curve of the history: how long a hub with this many commands takes to start and to search, and how long other
// requests wait meanwhile.
import { join } from 'node:path';
import { buildBinary, signInToApi } from '../../test/support/binary.ts';
import { startProcess } from '../../test/support/processes.ts';
import { SIGNALBOX } from '../contestants.ts';
import { createHistory } from '../history.ts';
import type { Figures, Row, Scenario } from '../scenario.ts';
import { median, percentile } from '../statistics.ts';

const POLL_MS = 1;
const SEARCHES = 5;
/** Requests start at this interval, whether earlier ones have been answered or not. */
const REQUEST_INTERVAL_MS = 8;
const QUIET_REQUESTS = 100;

function history(commands: number, isQuick: boolean): Scenario {
  const size = `${commands.toLocaleString('en-US')} commands`;
  return {
    name: `history-${commands}`,
    description: `${size} in the database: start, search without a match, other requests`,
    isQuick,
    async prepare(context) {
      const folder = join(context.folder, 'data');
      await createHistory(folder, commands);
      const row = (what: string, figure: string, goal?: Row['goal']): Row => ({
        what: `${size}: ${what}`,
        unit: 'ms',
        value: { contestant: SIGNALBOX, figure },
        ...(goal && { goal }),
      });
      return {
        contestants: [{ name: SIGNALBOX, measure: () => measureHistory(folder) }],
        rows: [
          row('start, until /healthz responds', 'startMs', { of: 'value', atMost: 150 }),
          row('search without a match', 'searchMs', { of: 'value', atMost: 30 }),
          {
            ...row('p99 of other requests during searches', 'duringSearchP99', {
              of: 'ratio',
              atMost: 1.3,
            }),
            reference: { contestant: SIGNALBOX, figure: 'quietP99', label: 'without searches' },
          },
        ],
      };
    },
  };
}

/** Starts the hub, and stops it again. */
async function measureHistory(folder: string): Promise<Figures> {
  const binary = buildBinary();
  const url = `http://127.0.0.1:${findFreePort()}`;
  const startedAt = performance.now();
  const hub = startProcess([binary, 'serve', '--port', new URL(url).port, '--data', folder]);
  await waitUntilHealthy(url);
  const startMs = performance.now() - startedAt;
  const headers = await signInToApi(url);
  const quietP99 = await measureRequests(url, headers, waitForRequests);
  const searches: number[] = [];
  const duringSearchP99 = await measureRequests(url, headers, async () => {
    for (let i = 0; i < SEARCHES; i += 1) searches.push(await search(url, headers, i));
  });
  hub.kill('SIGTERM');
  await hub.exited;
  return { startMs, searchMs: median(searches), quietP99, duringSearchP99 };
}

function findFreePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

async function waitUntilHealthy(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/healthz`).catch(() => null);
    if (response?.status === 200) return;
    await Bun.sleep(POLL_MS);
  }
}

/** Searches for a text that no command contains, a different one each time. Returns the time in milliseconds. */
async function search(url: string, headers: Record<string, string>, i: number): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/commands?q=nowhere-to-be-found-${i}`, { headers });
  const { items } = (await response.json()) as { items: unknown[] };
  if (items.length > 0) throw new Error('The search has matches.');
  return performance.now() - startedAt;
}

const waitForRequests = () => Bun.sleep(QUIET_REQUESTS * REQUEST_INTERVAL_MS);

/** Sends requests at a fixed interval while `work` runs. Returns the p99 of their latency in milliseconds. */
async function measureRequests(
  url: string,
  headers: Record<string, string>,
  work: () => Promise<void>,
): Promise<number> {
  const latencies: Promise<number>[] = [];
  const timer = setInterval(() => latencies.push(request(url, headers)), REQUEST_INTERVAL_MS);
  await work();
  // Searches can be faster than the interval.
  if (latencies.length < QUIET_REQUESTS) await waitForRequests();
  clearInterval(timer);
  return percentile(await Promise.all(latencies), 0.99);
}

async function request(url: string, headers: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/agents`, { headers });
  if (!response.ok) throw new Error(`The hub responded with ${response.status}.`);
  await response.text();
  return performance.now() - startedAt;
}

export const historyScenarios: readonly Scenario[] = [
  history(1_000, false),
  history(10_000, false),
  history(100_000, true),
  history(1_000_000, false),
];

// The growth curve of the history: how long a hub with this many commands takes to start and to search, and how long other
// requests wait meanwhile.
import { join } from 'node:path';
import { buildBinary, signInToApi } from '../../test/support/binary.ts';
import { startProcess } from '../../test/support/processes.ts';
import { createHistory } from '../history.ts';
import type { Contestant, Figures, Row, Scenario } from '../scenario.ts';
import { createUnknownText, measureRequests, measureSearches } from '../searches.ts';

const POLL_MS = 1;
const REQUESTS = 500;
/** All their trigrams are in every command, but none contains the text: each command must be looked at. */
const COMMON_TEXT = 'the paragraph';
/** Too short for the search index, and in no command. */
const SHORT_TEXT = 'zq';

const sizeName = (commands: number) => `${commands.toLocaleString('en-US')} commands`;

function createRows(commands: number): Row[] {
  const size = sizeName(commands);
  const value = (figure: string) => ({ contestant: size, figure });
  const row = (what: string, figure: string, goal?: Row['goal']): Row => ({
    what: `${size}: ${what}`,
    unit: 'ms',
    value: value(figure),
    ...(goal && { goal }),
  });
  return [
    row('start, until /healthz responds', 'startMs', { of: 'value', atMost: 150 }),
    row('search without a match', 'searchMs', { of: 'value', atMost: 30 }),
    row('search without a match, of a text whose parts are in every command', 'commonMs'),
    row('search without a match, of two characters', 'shortMs'),
    {
      ...row('p99 of other requests during searches', 'duringSearchP99', {
        of: 'ratio',
        atMost: 1.3,
      }),
      reference: { ...value('quietP99'), label: 'without searches' },
    },
    {
      ...row('p99 of other requests during searches in all commands', 'duringScanP99'),
      reference: { ...value('quietP99'), label: 'without searches' },
    },
  ];
}

function history(name: string, sizes: readonly number[], isQuick: boolean): Scenario {
  const [smallest = 0] = sizes;
  return {
    name,
    description: `${sizes.map(sizeName).join(', ')}: start, searches, other requests`,
    isQuick,
    async prepare(context) {
      const contestants: Contestant[] = [];
      for (const commands of sizes) {
        const folder = join(context.folder, String(commands));
        await createHistory(folder, commands);
        contestants.push({
          name: sizeName(commands),
          measure: () => measureHistory(folder, context.scale(REQUESTS, 20)),
        });
      }
      return {
        contestants,
        rows: sizes.flatMap((commands) => [
          ...createRows(commands),
          ...(commands === smallest ? [] : [compareStart(commands, smallest)]),
        ]),
      };
    },
  };
}

/** How the time to start grows with the history. */
function compareStart(commands: number, smallest: number): Row {
  const value = (size: number) => ({ contestant: sizeName(size), figure: 'startMs' });
  return {
    what: `start with ${sizeName(commands)}`,
    unit: 'ms',
    value: value(commands),
    reference: value(smallest),
    goal: { of: 'ratio', atMost: 1.2 },
  };
}

/** Starts the hub, and stops it again. */
async function measureHistory(folder: string, requests: number): Promise<Figures> {
  const binary = buildBinary();
  const url = `http://127.0.0.1:${findFreePort()}`;
  const startedAt = performance.now();
  const hub = startProcess([binary, 'serve', '--port', new URL(url).port, '--data', folder]);
  await waitUntilHealthy(url);
  const startMs = performance.now() - startedAt;
  const headers = await signInToApi(url);
  const figures = {
    startMs,
    searchMs: await measureSearches(url, headers, createUnknownText),
    commonMs: await measureSearches(url, headers, () => COMMON_TEXT),
    shortMs: await measureSearches(url, headers, () => SHORT_TEXT),
    quietP99: await measureRequests(url, headers, requests, null),
    duringSearchP99: await measureRequests(url, headers, requests, createUnknownText),
    duringScanP99: await measureRequests(url, headers, requests, () => SHORT_TEXT),
  };
  hub.kill('SIGTERM');
  await hub.exited;
  return figures;
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

export const historyScenarios: readonly Scenario[] = [
  history('history', [1_000, 10_000, 100_000, 1_000_000], false),
  history('history-quick', [100_000], true),
  history('history-1000', [1_000], false),
];

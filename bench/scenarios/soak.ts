// Ten minutes of mixed load: commands that start and end, small writes, dashboards that come and go, and pages of the
// history. Memory must not grow.
import { SIGNALBOX } from '../contestants.ts';
import type { Context, Figures, Scenario } from '../scenario.ts';
import { type Server, startHub } from '../servers.ts';
import { slope } from '../statistics.ts';
import { readResidentMegabytes } from '../usage.ts';

const MINUTES = 10;
const MINUTE_MS = 60_000;
const SIZE = { readers: 20, sources: 10 };
/** The load of one step, after which memory is read. */
const WRITES = { perSecond: 500, writes: 2_500 };
const LARGE_COMMANDS = { commands: 10, chunks: 20 };
const RECONNECTS = 5;
/** Without load before memory at rest is read, so that the collector has run. */
const REST_MS = 15_000;
/** Buffers reach their limit soon, so that they do not look like growth. */
const FLAGS = ['--buffer-memory', '16'];

export const soak: Scenario = {
  name: 'soak',
  description: '10 minutes of mixed load: slope of the resident memory, and memory at rest',
  rounds: 1,
  async prepare(context) {
    const hub = await startHub(context, SIZE, { flags: FLAGS });
    const value = (figure: string) => ({ contestant: SIGNALBOX, figure });
    const what = `soak of ${(context.scale(MINUTES * MINUTE_MS) / MINUTE_MS).toFixed(1)} minutes`;
    return {
      contestants: [{ name: SIGNALBOX, measure: () => measureSoak(hub, context) }],
      rows: [
        {
          what: `${what}: slope of memory in its second half`,
          unit: 'MB/min',
          value: value('megabytesPerMinute'),
          goal: { of: 'value', atMost: 0.5 },
        },
        {
          what: `${what}: memory at rest, after its end`,
          unit: 'MB',
          value: value('restedAtEnd'),
          reference: { ...value('restedAtHalf'), label: 'after its first half' },
          goal: { of: 'ratio', atMost: 1.05 },
        },
      ],
    };
  },
};

async function measureSoak(
  { pid, url, headers, load }: Server,
  { scale }: Context,
): Promise<Figures> {
  const runHalf = async () => {
    const samples = [];
    const startedAt = performance.now();
    let elapsedMs = 0;
    while (elapsedMs < scale((MINUTES / 2) * MINUTE_MS)) {
      await load.sendSmallWrites(WRITES);
      await load.runCommands(LARGE_COMMANDS);
      await load.reconnect(RECONNECTS);
      for (const path of ['agents', 'commands', 'approvals', 'commands?q=nowhere']) {
        const response = await fetch(`${url}/api/v1/${path}`, { headers });
        await response.text();
      }
      elapsedMs = performance.now() - startedAt;
      samples.push({ x: elapsedMs / MINUTE_MS, y: readResidentMegabytes(pid) });
    }
    await Bun.sleep(REST_MS);
    return { samples, restedMegabytes: readResidentMegabytes(pid) };
  };
  const first = await runHalf();
  const second = await runHalf();
  return {
    megabytesPerMinute: slope(second.samples),
    restedAtHalf: first.restedMegabytes,
    restedAtEnd: second.restedMegabytes,
    ...toFigures('first', first.samples),
    ...toFigures('second', second.samples),
  };
}

const toFigures = (half: string, samples: { x: number; y: number }[]): Figures =>
  Object.fromEntries(samples.map(({ x, y }) => [`${half}HalfAtMinute${x.toFixed(2)}`, y]));

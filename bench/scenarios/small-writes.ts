// Small writes of 10 agents to 50 dashboards: the latency that people see, on a fast disk and on slow ones.
import { join } from 'node:path';
import { compare, hubAndRaw, smallWritesContestant } from '../contestants.ts';
import type { Row, Scenario } from '../scenario.ts';
import { startHub } from '../servers.ts';
import { buildSlowDisk, slowDiskEnvironment } from '../slow-disk/slow-disk.ts';

const SIZE = { readers: 50, sources: 10 };
const PER_SECOND = 1_000;
const LOAD = '10 agents × 100 small writes/s, 50 dashboards';
/** 5 s of load. */
const WRITES = 5_000;

export const smallWrites: Scenario = {
  name: 'small-writes',
  description: `${LOAD}: latency and CPU`,
  isQuick: true,
  warmUp: true,
  async prepare(context) {
    const options = { perSecond: PER_SECOND, writes: context.scale(WRITES) };
    return {
      contestants: await hubAndRaw(context, SIZE, smallWritesContestant, options),
      rows: [
        compare(`${LOAD}: p50`, 'ms', 'p50', { of: 'ratio', atMost: 1.3 }),
        { ...compare(`${LOAD}: p99`, 'ms', 'p99'), goal: { of: 'value', atMost: 4 } },
        compare(`${LOAD}: CPU`, '%', 'cpuPercent'),
      ],
    };
  },
};

const INSTANT = 'instant disk';
const slowDisk = (delayMs: number): string => `fsync of ${delayMs} ms`;
const DELAYS_MS = [10, 30];

export const smallWritesOnSlowDisk: Scenario = {
  name: 'slow-disk',
  description: `${LOAD}, when each fsync takes 10 or 30 ms (a library around fsync): latency`,
  isQuick: true,
  warmUp: true,
  async prepare(context) {
    const library = buildSlowDisk(join(context.folder, 'slow-disk.so'));
    if (library === null) return 'there is no C compiler (cc) to build bench/slow-disk.';
    const options = { perSecond: PER_SECOND, writes: context.scale(WRITES) };
    const start = async (name: string, delayMs: number) => {
      const hub = await startHub(context, SIZE, { env: slowDiskEnvironment(library, delayMs) });
      return smallWritesContestant(name, hub, options);
    };
    const contestants = [await start(INSTANT, 0)];
    for (const delayMs of DELAYS_MS) contestants.push(await start(slowDisk(delayMs), delayMs));
    const row = (delayMs: number, figure: 'p50' | 'p99'): Row => ({
      what: `${LOAD}, each fsync takes ${delayMs} ms: ${figure}`,
      unit: 'ms',
      value: { contestant: slowDisk(delayMs), figure },
      reference: { contestant: INSTANT, figure },
      goal: { of: 'ratio', atMost: 1.3 },
    });
    return {
      contestants,
      rows: DELAYS_MS.flatMap((delayMs) => [row(delayMs, 'p50'), row(delayMs, 'p99')]),
    };
  },
};

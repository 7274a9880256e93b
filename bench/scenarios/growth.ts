// Growth curves: more dashboards, and more agents.
import {
  chunksFor,
  compare,
  floodContestant,
  hubAndRaw,
  smallWritesContestant,
} from '../contestants.ts';
import type { Scenario } from '../scenario.ts';

const IN_FLIGHT = 8;

function dashboards(count: number, isQuick = false): Scenario {
  const load = `${count.toLocaleString('en-US')} dashboard${count === 1 ? '' : 's'}, ${IN_FLIGHT} chunks in flight`;
  return {
    name: `dashboards-${count}`,
    description: `${load}: throughput, CPU and latency`,
    isQuick,
    warmUp: true,
    async prepare(context) {
      const options = { chunks: chunksFor(context, count), inFlight: IN_FLIGHT };
      const size = { readers: count, sources: 1 };
      // The goal of one dashboard is lower: the hub checks and stores what raw publish only passes on.
      const atLeast = count === 1 ? 0.7 : 0.9;
      return {
        contestants: await hubAndRaw(context, size, floodContestant, options),
        rows: [
          compare(`${load}: throughput`, 'MB/s', 'megabytesPerSecond', { of: 'ratio', atLeast }),
          compare(`${load}: CPU`, 'ms/MB', 'cpuMsPerMegabyte'),
          compare(`${load}: p99`, 'ms', 'p99'),
        ],
      };
    },
  };
}

const AGENT_SIZES = [1, 100, 1_000];
const AGENT_DASHBOARDS = 10;
const PER_SECOND = 1_000;
const WRITES = 5_000;

function agents(count: number): Scenario {
  const load = `${count.toLocaleString('en-US')} agent${count === 1 ? '' : 's'} with ${PER_SECOND.toLocaleString('en-US')} small writes/s together, ${AGENT_DASHBOARDS} dashboards`;
  return {
    name: `agents-${count}`,
    description: `${load}: latency and CPU`,
    warmUp: true,
    async prepare(context) {
      const size = { readers: AGENT_DASHBOARDS, sources: count };
      const options = { perSecond: PER_SECOND, writes: context.scale(WRITES, count) };
      return {
        contestants: await hubAndRaw(context, size, smallWritesContestant, options),
        rows: [
          compare(`${load}: p50`, 'ms', 'p50'),
          compare(`${load}: p99`, 'ms', 'p99'),
          compare(`${load}: CPU`, '%', 'cpuPercent'),
        ],
      };
    },
  };
}

export const growthScenarios: readonly Scenario[] = [
  dashboards(1, true),
  ...[10, 50, 500, 2_000].map((count) => dashboards(count)),
  ...AGENT_SIZES.map(agents),
];

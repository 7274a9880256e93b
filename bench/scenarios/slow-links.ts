// Dashboards on slow links: half of them must not slow the others down, and memory must stay bounded. The load generator
// checks that each reader receives every byte or an exact gap.
import { compare, floodContestant, hubAndRaw, SIGNALBOX } from '../contestants.ts';
import type { Row, Scenario } from '../scenario.ts';
import { rawPublish } from '../servers.ts';

const DASHBOARDS = 50;
const BYTES_PER_SECOND = 2_000_000;
/** More than the kernel and the hub hold for one reader. */
const CHUNKS = 3_000;
/** 5 MB/s: more than the links take. */
const SOURCE_RATE = 512;

function slowLinks(name: string, readers: number, isQuick: boolean): Scenario {
  const isAll = readers === DASHBOARDS;
  const rate = isAll ? { chunksPerSecond: SOURCE_RATE } : { inFlight: 32 };
  const load = `${readers} of ${DASHBOARDS} dashboards on links of 2 MB/s, ${isAll ? 'output at 5 MB/s' : '32 chunks in flight'}`;
  const whose = isAll ? 'all' : 'the others';
  return {
    name: `slow-links-${name}`,
    description: `${load}: throughput of ${whose}, memory, gaps`,
    isQuick,
    async prepare(context) {
      const contestants = await hubAndRaw(
        context,
        { readers: DASHBOARDS, sources: 1 },
        floodContestant,
        {
          ...rate,
          chunks: context.isQuick ? CHUNKS / 2 : context.scale(CHUNKS),
          slow: { readers, bytesPerSecond: BYTES_PER_SECOND },
        },
      );
      const missing = (contestant: string, figure: string, how: string): Row => ({
        what: `${load}: chunks ${contestant} dropped ${how}`,
        unit: 'chunks',
        value: { contestant, figure },
      });
      return {
        contestants,
        rows: [
          compare(`${load}: throughput of ${whose}`, 'MB/s', 'megabytesPerSecond', {
            of: 'ratio',
            atLeast: 0.8,
          }),
          compare(`${load}: CPU`, 'ms/MB', 'cpuMsPerMegabyte', { of: 'ratio', atMost: 1.5 }),
          compare(`${load}: peak memory`, 'MB', 'peakMegabytes', { of: 'value', atMost: 256 }),
          missing(SIGNALBOX, 'gapChunks', 'and reported'),
          missing(rawPublish.name, 'lostChunks', 'silently'),
        ],
      };
    },
  };
}

export const slowLinksScenarios: readonly Scenario[] = [
  slowLinks('half', DASHBOARDS / 2, true),
  slowLinks('all', DASHBOARDS, false),
];

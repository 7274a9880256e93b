// Dashboards on slow links: half of them must not slow the others down, and memory must stay bounded. The load generator
// checks that each reader receives every byte or an exact gap.
import { compare, floodHubAndRaw, SIGNALBOX } from '../contestants.ts';
import type { Row, Scenario } from '../scenario.ts';
import { rawPublish } from '../servers.ts';

const DASHBOARDS = 50;
const BYTES_PER_SECOND = 2_000_000;
const IN_FLIGHT = 32;

function slowLinks(name: string, readers: number, chunks: number, isQuick: boolean): Scenario {
  const load = `${readers} of ${DASHBOARDS} dashboards on links of 2 MB/s`;
  return {
    name: `slow-links-${name}`,
    description: `${load}, ${IN_FLIGHT} chunks in flight: throughput of the others, memory, gaps`,
    isQuick,
    async prepare(context) {
      const contestants = await floodHubAndRaw(
        context,
        { readers: DASHBOARDS, sources: 1 },
        {
          chunks: context.scale(chunks),
          inFlight: IN_FLIGHT,
          slow: { readers, bytesPerSecond: BYTES_PER_SECOND },
        },
      );
      const whose = readers < DASHBOARDS ? 'healthy ones' : 'all';
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
  slowLinks('half', DASHBOARDS / 2, 3_000, true),
  slowLinks('all', DASHBOARDS, 600, false),
];

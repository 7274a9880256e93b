// What it costs to keep output: for broadcasts, on disk, and for searches.
import { join } from 'node:path';
import { signInToApi, startHubBinary } from '../../test/support/binary.ts';
import { chunksFor, floodContestant, SIGNALBOX } from '../contestants.ts';
import type { Row, Scenario } from '../scenario.ts';
import { createUnknownText, measureRequests, measureSearches } from '../searches.ts';
import { startHub } from '../servers.ts';
import { createTranscripts, MEGABYTE, NEEDLE } from '../transcripts.ts';

const DASHBOARDS = 50;
const IN_FLIGHT = 32;
const WITHOUT = 'without transcripts';
const MEGABYTES = 5_000;
const REQUESTS = 250;

const fanOutCost: Scenario = {
  name: 'transcripts-fan-out',
  description: 'what it costs to keep output while it is broadcast',
  warmUp: true,
  async prepare(context) {
    const size = { readers: DASHBOARDS, sources: 1 };
    const options = { chunks: chunksFor(context, DASHBOARDS), inFlight: IN_FLIGHT };
    const row = (what: string, unit: string, figure: string, goal: Row['goal']): Row => ({
      what: `${DASHBOARDS} dashboards, ${IN_FLIGHT} chunks in flight, output kept: ${what}`,
      unit,
      value: { contestant: SIGNALBOX, figure },
      reference: { contestant: WITHOUT, figure },
      ...(goal && { goal }),
    });
    return {
      contestants: [
        floodContestant(SIGNALBOX, await startHub(context, size), options),
        floodContestant(
          WITHOUT,
          await startHub(context, size, { flags: ['--transcripts', '0'] }),
          options,
        ),
      ],
      rows: [
        row('throughput', 'MB/s', 'megabytesPerSecond', { of: 'ratio', atLeast: 0.95 }),
        row('CPU', 'ms/MB', 'cpuMsPerMegabyte', { of: 'ratio', atMost: 1.05 }),
        row('p99', 'ms', 'p99', undefined),
      ],
    };
  },
};

const stored: Scenario = {
  name: 'transcripts-stored',
  description: 'stored output: its size on disk, and searches in it',
  rounds: 1,
  async prepare(context) {
    const folder = join(context.folder, 'transcripts');
    const { diskBytes, outputBytes } = await createTranscripts(folder, context.scale(MEGABYTES, 8));
    const size = `${(outputBytes / MEGABYTE / 1000).toFixed(1)} GB of output`;
    const row = (what: string, unit: string, figure: string, goal?: Row['goal']): Row => ({
      what: `${size}: ${what}`,
      unit,
      value: { contestant: SIGNALBOX, figure },
      ...(goal && { goal }),
    });
    const quiet = { contestant: SIGNALBOX, figure: 'quietP99', label: 'without searches' };
    return {
      contestants: [
        {
          name: SIGNALBOX,
          async measure() {
            const hub = await startHubBinary(folder);
            const { url } = hub;
            const headers = await signInToApi(url);
            const requests = context.scale(REQUESTS, 20);
            const figures = {
              diskKilobytes: diskBytes / 1024 / (outputBytes / MEGABYTE),
              unknownMs: await measureSearches(url, headers, createUnknownText),
              foundMs: await measureSearches(url, headers, () => NEEDLE, 1),
              quietP99: await measureRequests(url, headers, requests, null),
              duringP99: await measureRequests(url, headers, requests, createUnknownText),
            };
            hub.kill('SIGTERM');
            await hub.exited;
            return figures;
          },
        },
      ],
      rows: [
        row('on disk with its search index, for each MB', 'KB', 'diskKilobytes'),
        row('search without a match', 'ms', 'unknownMs', { of: 'value', atMost: 30 }),
        row('search of a text that one line contains', 'ms', 'foundMs'),
        {
          ...row('p99 of other requests during searches', 'ms', 'duringP99', {
            of: 'ratio',
            atMost: 1.3,
          }),
          reference: quiet,
        },
      ],
    };
  },
};

export const transcriptScenarios: readonly Scenario[] = [fanOutCost, stored];

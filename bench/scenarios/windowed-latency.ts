// The latency of one agent's output to 50 dashboards with 8 chunks in flight. As a new chunk is sent only after an earlier
// one has arrived everywhere, this measures latency and not what happens under load.
import { chunksFor, compare, floodContestant, hubAndRaw, SIGNALBOX } from '../contestants.ts';
import type { Scenario } from '../scenario.ts';
import { startHub } from '../servers.ts';

const WITH_STALLED = 'signalbox, one stalled';

export const windowedLatency: Scenario = {
  name: 'windowed-latency',
  description: '50 dashboards, 8 chunks in flight: latency, also with one stalled dashboard',
  warmUp: true,
  async prepare(context) {
    const size = { readers: 50, sources: 1 };
    const options = { chunks: chunksFor(context, size.readers), inFlight: 8 };
    const contestants = await hubAndRaw(context, size, floodContestant, options);
    const hub = await startHub(context, size);
    const slow = { readers: 1, bytesPerSecond: 0 };
    contestants.push(floodContestant(WITH_STALLED, hub, { ...options, slow }));
    const load = '50 dashboards, 8 chunks in flight (latency)';
    return {
      contestants,
      rows: [
        compare(`${load}: p50`, 'ms', 'p50'),
        compare(`${load}: p99`, 'ms', 'p99'),
        ...(['p50', 'p99'] as const).map((figure) => ({
          what: `${load}, one dashboard stalled: ${figure}`,
          unit: 'ms',
          value: { contestant: WITH_STALLED, figure },
          reference: { contestant: SIGNALBOX, figure },
        })),
      ],
    };
  },
};

// The output of one agent to many dashboards with a number of chunks in flight, compared with raw publish and, where
// installed, with ws and Socket.IO.
import { chunksFor, compare, floodContestant, hubAndRaw } from '../contestants.ts';
import type { Scenario } from '../scenario.ts';
import { canRun, peers, startPeer } from '../servers.ts';

interface FanOutGoals {
  throughput: number;
  cpu: number;
}

function fanOut(
  inFlight: number,
  goals: FanOutGoals,
  { hasPeers, isQuick }: { hasPeers: boolean; isQuick: boolean },
): Scenario {
  const size = { readers: 50, sources: 1 };
  const load = `50 dashboards, ${inFlight} chunks in flight`;
  return {
    name: `fan-out-${inFlight}`,
    description: `${load}: throughput and CPU`,
    isQuick,
    warmUp: true,
    async prepare(context) {
      const options = { chunks: chunksFor(context, size.readers), inFlight };
      const contestants = await hubAndRaw(context, size, floodContestant, options);
      const rows = [
        compare(`${load}: throughput`, 'MB/s', 'megabytesPerSecond', {
          of: 'ratio',
          atLeast: goals.throughput,
        }),
        compare(`${load}: CPU`, 'ms/MB', 'cpuMsPerMegabyte', { of: 'ratio', atMost: goals.cpu }),
        compare(`${load}: p99`, 'ms', 'p99'),
        compare(`${load}: peak memory`, 'MB', 'peakMegabytes', { of: 'value', atMost: 256 }),
        compare(`${load}: CPU of the load generator`, '%', 'loadCpuPercent'),
      ];
      const missing: string[] = [];
      for (const peer of hasPeers && !context.isQuick ? peers : []) {
        if (!canRun(peer)) {
          missing.push(peer.name);
          continue;
        }
        contestants.push(floodContestant(peer.name, await startPeer(context, peer, size), options));
        const isSocketIo = peer.protocol === 'socket-io';
        const figures = `${load}, beside ${peer.name}`;
        rows.push(
          compare(
            `${figures}: throughput`,
            'MB/s',
            'megabytesPerSecond',
            isSocketIo ? { of: 'ratio', atLeast: 2 } : undefined,
            peer.name,
          ),
          compare(
            `${figures}: CPU`,
            'ms/MB',
            'cpuMsPerMegabyte',
            isSocketIo ? { of: 'ratio', atMost: 0.5 } : undefined,
            peer.name,
          ),
        );
      }
      return { contestants, rows, missing };
    },
  };
}

export const fanOutScenarios: readonly Scenario[] = [
  fanOut(8, { throughput: 0.9, cpu: 1.25 }, { hasPeers: true, isQuick: true }),
  fanOut(32, { throughput: 0.85, cpu: 1.5 }, { hasPeers: true, isQuick: true }),
  fanOut(128, { throughput: 0.8, cpu: 1.5 }, { hasPeers: false, isQuick: false }),
];

// Several hubs on one PostgreSQL database: what one hub costs there beside SQLite, how long output takes to a dashboard on
// another hub, and what several hubs cost.
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { BUSES, type BusName, startHubs } from '../hubs.ts';
import type { Context, Contestant, Figures, Row, Scenario } from '../scenario.ts';
import { type Server, startHub } from '../servers.ts';
import { readCpuSeconds } from '../usage.ts';
import { failover } from './several-hubs-failover.ts';

const MEGABYTE = 1_048_576;
const SQLITE = 'SQLite';
const POSTGRES = 'PostgreSQL';

const STORE_SOURCES = 20;
const COMMANDS = 800;
const OUTPUT = { commands: 20, chunks: 200 };

async function measureStore({ pid, load }: Server, { scale }: Context): Promise<Figures> {
  const commands = scale(COMMANDS);
  const startedAt = performance.now();
  const accepted = await load.runCommands({ commands, chunks: 0 });
  const commandSeconds = (performance.now() - startedAt) / 1000;
  const output = { ...OUTPUT, chunks: scale(OUTPUT.chunks) };
  const megabytes = (output.commands * output.chunks * CHUNK_BYTES) / MEGABYTE;
  const cpuBefore = readCpuSeconds(pid);
  const outputAt = performance.now();
  await load.runCommands(output);
  const outputSeconds = (performance.now() - outputAt) / 1000;
  return {
    ...accepted,
    commandsPerSecond: commands / commandSeconds,
    megabytesPerSecond: megabytes / outputSeconds,
    cpuMsPerMegabyte: ((readCpuSeconds(pid) - cpuBefore) * 1000) / megabytes,
  };
}

const oneHub: Scenario = {
  name: 'several-hubs-store',
  description: 'One hub on PostgreSQL beside one on SQLite: commands, output and CPU',
  warmUp: true,
  async prepare(context) {
    const size = { readers: 0, sources: STORE_SOURCES };
    const postgres = await startPostgres();
    context.defer(postgres.remove);
    const env = { SIGNALBOX_STORE: await postgres.createDatabase() };
    const onSqlite = await startHub(context, size);
    const onPostgres = await startHub(context, size, { env });
    const row = (what: string, unit: string, figure: string): Row => ({
      what: `one hub on PostgreSQL, ${STORE_SOURCES} agents: ${what}`,
      unit,
      value: { contestant: POSTGRES, figure },
      reference: { contestant: SQLITE, figure },
    });
    return {
      contestants: [
        { name: SQLITE, measure: () => measureStore(onSqlite, context) },
        { name: POSTGRES, measure: () => measureStore(onPostgres, context) },
      ],
      rows: [
        row('commands accepted, run and ended', '/s', 'commandsPerSecond'),
        row('p50 of accepting', 'ms', 'acceptP50'),
        row('p99 of accepting', 'ms', 'acceptP99'),
        row('output stored', 'MB/s', 'megabytesPerSecond'),
        row('CPU of the hub', 'ms/MB', 'cpuMsPerMegabyte'),
      ],
    };
  },
};

const SECONDS = 5;
const P99_GOALS_MS: Record<BusName, number> = { PostgreSQL: 50, NATS: 15 };

/** @param perStream how many small pieces of output an agent sends per second */
function latency(streams: number, perStream: number, hasGoal: boolean): Scenario {
  const load = `${streams} agents × ${perStream} small writes/s`;
  return {
    name: `several-hubs-latency-${streams}`,
    description: `${load} to a dashboard on another hub: latency`,
    warmUp: true,
    async prepare(context) {
      const perSecond = streams * perStream;
      const options = { perSecond, writes: context.scale(perSecond * SECONDS) };
      const size = { hubs: 2, readers: 2, sources: streams };
      const contestants: Contestant[] = [];
      for (const bus of BUSES) {
        const { load: connected } = await startHubs(context, { ...size, bus });
        contestants.push({
          name: bus,
          async measure() {
            const [same, other] = (await connected.sendSmallWrites(options)).ofReaders;
            if (!same || !other) throw new Error('Two readers are needed.');
            return { p50: other.p50, p99: other.p99, sameP50: same.p50, sameP99: same.p99 };
          },
        });
      }
      const row = (bus: BusName, figure: 'p50' | 'p99'): Row => ({
        what: `${load}, other hub, bus on ${bus}: ${figure}`,
        unit: 'ms',
        value: { contestant: bus, figure },
        reference: {
          contestant: bus,
          figure: figure === 'p50' ? 'sameP50' : 'sameP99',
          label: 'same hub',
        },
        ...(hasGoal &&
          figure === 'p99' && { goal: { of: 'value', atMost: P99_GOALS_MS[bus] } as const }),
      });
      return { contestants, rows: BUSES.flatMap((bus) => [row(bus, 'p50'), row(bus, 'p99')]) };
    },
  };
}

const READERS = 6;
const CHUNKS = 1_500;
const IN_FLIGHT = 32;
const ONE_HUB = 'one hub';

const cpu: Scenario = {
  name: 'several-hubs-cpu',
  description: `${READERS} dashboards on one hub and on three: CPU of the hubs`,
  warmUp: true,
  async prepare(context) {
    const chunks = context.scale(CHUNKS);
    const contestants: Contestant[] = [];
    const add = async (name: string, hubs: number, bus: BusName) => {
      const size = { hubs, bus, readers: READERS, sources: 1 };
      const { load, readHubSeconds } = await startHubs(context, size);
      contestants.push({
        name,
        async measure() {
          const before = readHubSeconds();
          const { megabytesPerSecond } = await load.flood({ chunks, inFlight: IN_FLIGHT });
          const output = (chunks * CHUNK_BYTES) / MEGABYTE;
          return {
            cpuMsPerMegabyte: ((readHubSeconds() - before) * 1000) / output,
            megabytesPerSecond: megabytesPerSecond / READERS,
          };
        },
      });
    };
    await add(ONE_HUB, 1, POSTGRES);
    for (const bus of BUSES) await add(bus, 3, bus);
    const row = (bus: BusName, what: string, unit: string, figure: string): Row => ({
      what: `${READERS} dashboards on three hubs, bus on ${bus}: ${what}`,
      unit,
      value: { contestant: bus, figure },
      reference: { contestant: ONE_HUB, figure },
    });
    return {
      contestants,
      rows: BUSES.flatMap((bus) => [
        row(bus, 'CPU of all hubs per MB of output', 'ms/MB', 'cpuMsPerMegabyte'),
        row(bus, 'throughput to each dashboard', 'MB/s', 'megabytesPerSecond'),
      ]),
    };
  },
};

export const severalHubsScenarios: readonly Scenario[] = [
  oneHub,
  latency(20, 5, false),
  latency(200, 5, true),
  latency(1_000, 1, false),
  cpu,
  failover,
];

// Contestants and rows that several scenarios share.
import type { FloodOptions } from './load/flood.ts';
import type { SmallWritesOptions } from './load/small-writes.ts';
import type { Context, Contestant, Row } from './scenario.ts';
import { type LoadSize, rawPublish, type Server, startHub, startPeer } from './servers.ts';
import { measureUsage } from './usage.ts';

export const SIGNALBOX = 'signalbox';
/** The data that each contestant delivers in a round, all dashboards together: 1.5 GB. */
const DELIVERED_CHUNKS = 150_000;
const MIN_CHUNKS = 50;
const MAX_CHUNKS = 20_000;

/** The number of chunks for one round with this many dashboards. */
export function chunksFor({ scale }: Context, dashboards: number): number {
  const chunks = Math.round(scale(DELIVERED_CHUNKS) / dashboards);
  return Math.min(scale(MAX_CHUNKS), Math.max(MIN_CHUNKS, chunks));
}

/** Measures floods of one server. */
export function floodContestant(
  name: string,
  { pid, load }: Pick<Server, 'pid' | 'load'>,
  options: FloodOptions,
): Contestant {
  return {
    name,
    async measure() {
      const { result, cpuSeconds, peakMegabytes } = await measureUsage(pid, () =>
        load.flood(options),
      );
      const cpuMsPerMegabyte = (cpuSeconds * 1000) / result.deliveredMegabytes;
      return { ...result, cpuMsPerMegabyte, peakMegabytes };
    },
  };
}

/** Starts a hub and raw publish with the same load. @param create creates the contestant of one server */
export async function hubAndRaw<Options>(
  context: Context,
  size: LoadSize,
  create: (name: string, server: Pick<Server, 'pid' | 'load'>, options: Options) => Contestant,
  options: Options,
): Promise<Contestant[]> {
  return [
    create(SIGNALBOX, await startHub(context, size), options),
    create(rawPublish.name, await startPeer(context, rawPublish, size), options),
  ];
}

/** A row with a figure of Signalbox beside the same figure of a peer. */
export function compare(
  what: string,
  unit: string,
  figure: string,
  goal?: Row['goal'],
  peer = rawPublish.name,
): Row {
  return {
    what,
    unit,
    value: { contestant: SIGNALBOX, figure },
    reference: { contestant: peer, figure },
    ...(goal && { goal }),
  };
}

/** Measures small writes to one server. */
export function smallWritesContestant(
  name: string,
  { load }: Pick<Server, 'load'>,
  options: SmallWritesOptions,
): Contestant {
  return {
    name,
    async measure() {
      const { p50, p99, cpuPercent } = await load.sendSmallWrites(options);
      return { p50, p99, cpuPercent };
    },
  };
}

// Sends small pieces of output at a fixed rate from several sources, and measures how long the last reader waits for each.
// A hub may merge pieces, so each is found by a mark in its text.
import { percentile } from '../statistics.ts';
import { readCpuSeconds } from '../usage.ts';
import type { Target } from './target.ts';

const WRITE_BYTES = 64;
/** The readers whose latency is measured on its own. */
const MEASURED_READERS = 2;
const MARK = /\[(\d{7})\]/g;

export interface SmallWritesOptions {
  /** Writes of all sources together. */
  perSecond: number;
  writes: number;
}

interface Latency {
  p50: number;
  p99: number;
}

/** The time from sending a piece until the last reader has received it, in milliseconds. */
export interface SmallWritesResult extends Latency {
  /** The same for each of the first readers. */
  ofReaders: Latency[];
  /** CPU of the server while the writes were sent and received, in percent of a core. */
  cpuPercent: number;
}

/** Sends the writes of the sources in turn. Resolves when all readers have received all of them. */
export async function sendSmallWrites(
  { serverPid, readers, sources }: Target,
  { perSecond, writes }: SmallWritesOptions,
): Promise<SmallWritesResult> {
  await Promise.all(sources.map((source) => source.begin()));
  const total = writes + sources.length;
  const sentAt = new Float64Array(total);
  const receipts = new Uint32Array(total);
  const latencies: number[] = [];
  const ofReaders = readers.slice(0, MEASURED_READERS).map((): number[] => []);
  const sequences = sources.map(() => 0);
  const opened = Promise.withResolvers<void>();
  const received = Promise.withResolvers<void>();
  let complete = 0;

  function onWrite(write: number, own: number[] | undefined): void {
    const count = (receipts[write] ?? 0) + 1;
    receipts[write] = count;
    const isMeasured = write >= sources.length;
    const latency = performance.now() - (sentAt[write] ?? 0);
    if (isMeasured) own?.push(latency);
    if (count < readers.length) return;
    if (isMeasured) latencies.push(latency);
    complete += 1;
    if (complete === sources.length) opened.resolve();
    if (complete === total) received.resolve();
  }

  function send(write: number, dueAt: number): void {
    const index = write % sources.length;
    const sequence = sequences[index] ?? 0;
    sequences[index] = sequence + 1;
    // When it was due: a load generator that falls behind must not hide delays.
    sentAt[write] = dueAt;
    sources[index]?.send(sequence, createWrite(write));
  }

  readers.forEach((reader, index) => {
    reader.onText = (bytes, start, end) => {
      for (const [, digits] of bytes.toString('latin1', start, end).matchAll(MARK)) {
        onWrite(Number(digits), ofReaders[index]);
      }
    };
  });
  // The first write of each source is not measured: readers may have to open the output first.
  for (let write = 0; write < sources.length; write += 1) send(write, performance.now());
  await opened.promise;
  const cpuBefore = readCpuSeconds(serverPid);
  const startedAt = performance.now();
  for (let sent = 0; sent < writes;) {
    const due = Math.min(writes, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
    for (; sent < due; sent += 1)
      send(sources.length + sent, startedAt + (sent * 1000) / perSecond);
    await Bun.sleep(1);
  }
  await received.promise;
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuPercent = ((readCpuSeconds(serverPid) - cpuBefore) / seconds) * 100;
  for (const reader of readers) reader.onText = () => {};
  await Promise.all(sources.map((source, index) => source.end((sequences[index] ?? 0) - 1)));
  return { ...describe(latencies), ofReaders: ofReaders.map(describe), cpuPercent };
}

const describe = (latencies: readonly number[]): Latency => ({
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
});

function createWrite(write: number): string {
  return `[${String(write).padStart(7, '0')}]`.padEnd(WRITE_BYTES, '.');
}

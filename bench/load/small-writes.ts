// Sends small pieces of output at a fixed rate from several sources, and measures how long the last reader waits for each.
// A hub may merge pieces, so each is found by a mark in its text.
import { percentile } from '../statistics.ts';
import { readCpuSeconds } from '../usage.ts';
import type { Target } from './target.ts';

const WRITE_BYTES = 64;
const MARK = /\[(\d{7})\]/g;

export interface SmallWritesOptions {
  /** Writes of all sources together. */
  perSecond: number;
  writes: number;
}

export interface SmallWritesResult {
  /** The time from sending a piece until the last reader has received it, in milliseconds. */
  p50: number;
  p99: number;
  /** CPU of the server while the writes were sent and received, in percent of a core. */
  cpuPercent: number;
}

/** Sends the writes of the sources in turn. Resolves when all readers have received all of them. */
export async function sendSmallWrites(
  { serverPid, readers, sources }: Target,
  { perSecond, writes }: SmallWritesOptions,
): Promise<SmallWritesResult> {
  await Promise.all(sources.map((source) => source.begin()));
  const sentAt = new Float64Array(writes);
  const receipts = new Uint32Array(writes);
  const latencies: number[] = [];
  const received = Promise.withResolvers<void>();

  function onText(bytes: Buffer, start: number, end: number): void {
    for (const [, digits] of bytes.toString('latin1', start, end).matchAll(MARK)) {
      const write = Number(digits);
      const count = (receipts[write] ?? 0) + 1;
      receipts[write] = count;
      if (count < readers.length) continue;
      latencies.push(performance.now() - (sentAt[write] ?? 0));
      if (latencies.length === writes) received.resolve();
    }
  }

  for (const reader of readers) reader.onText = onText;
  const sequences = sources.map(() => 0);
  const cpuBefore = readCpuSeconds(serverPid);
  const startedAt = performance.now();
  for (let write = 0; write < writes;) {
    const due = Math.min(writes, Math.ceil(((performance.now() - startedAt) / 1000) * perSecond));
    for (; write < due; write += 1) {
      const index = write % sources.length;
      const sequence = sequences[index] ?? 0;
      sequences[index] = sequence + 1;
      // When it was due: a load generator that falls behind must not hide delays.
      sentAt[write] = startedAt + (write * 1000) / perSecond;
      sources[index]?.send(sequence, createWrite(write));
    }
    await Bun.sleep(1);
  }
  await received.promise;
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuPercent = ((readCpuSeconds(serverPid) - cpuBefore) / seconds) * 100;
  for (const reader of readers) reader.onText = () => {};
  await Promise.all(sources.map((source, index) => source.end((sequences[index] ?? 0) - 1)));
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), cpuPercent };
}

function createWrite(write: number): string {
  return `[${String(write).padStart(7, '0')}]`.padEnd(WRITE_BYTES, '.');
}

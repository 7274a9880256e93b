// Sends chunks of output with a bounded number in flight, and measures throughput and the latency of the slowest reader.
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';
import { percentile } from '../statistics.ts';
import { createReaderProgress } from './reader-progress.ts';
import type { Target } from './target.ts';

const MEGABYTE = 1_048_576;
const MICROSECONDS_PER_PERCENT_SECOND = 10_000;
/** How often the end is sent to readers of peers again, which may have lost it. */
const REPEAT_MS = 20;
const data = 'x'.repeat(CHUNK_BYTES);

export interface FloodOptions {
  chunks: number;
  /** The maximum number of chunks that were sent and have not arrived at all healthy readers. */
  inFlight?: number;
  /** Instead of that: sends chunks at this rate, whatever has arrived. */
  chunksPerSecond?: number;
  /** How many readers are slow, and how fast they read in bytes per second. 0 stops them. */
  slow?: { readers: number; bytesPerSecond: number };
}

export interface FloodResult {
  /** What the healthy readers received together; all readers if none is healthy. */
  megabytesPerSecond: number;
  /**
   * The time from sending a chunk until the last healthy reader has received it, or knows that it is missing, in
   * milliseconds.
   */
  p50: number;
  p99: number;
  /** CPU of the load generator, in percent of a core. Near 100, it limits the throughput. */
  loadCpuPercent: number;
  /** What all readers received, in the time after the flood too. */
  deliveredMegabytes: number;
  /** Chunks that readers missed with a report, and without one. */
  gapChunks: number;
  lostChunks: number;
}

/**
 * Resolves when every reader has received everything, slow ones included. After a flood with a number of chunks in flight,
 * they read at full speed; at a given rate, they stay slow to the end.
 */
export async function flood(
  target: Target,
  { chunks, inFlight = 0, chunksPerSecond, slow }: FloodOptions,
): Promise<FloodResult> {
  const { readers, reportsEnd } = target;
  const [source] = target.sources;
  if (!source) throw new Error('A flood needs a source.');
  const slowCount = slow?.readers ?? 0;
  /** Slow readers count if there are no others. */
  const counted = slowCount < readers.length ? readers.length - slowCount : readers.length;
  const sentAt: number[] = [];
  const receipts = new Uint32Array(chunks + 2);
  const latencies: number[] = [];
  const received = Promise.withResolvers<void>();
  const ended = createCountdown(readers.length);
  /** Peers do not report the end. Two more chunks mark it: the first is repeated, because slow readers may lose it. */
  const drained = createCountdown(readers.length);

  await source.begin();

  function sendNext(): void {
    if (sentAt.length >= chunks) return;
    sentAt.push(performance.now());
    source?.send(sentAt.length - 1, data);
  }

  function onReceipt(sequence: number): void {
    const count = (receipts[sequence] ?? 0) + 1;
    receipts[sequence] = count;
    if (count < counted || sequence >= chunks) return;
    latencies.push(performance.now() - (sentAt[sequence] ?? 0));
    if (latencies.length === chunks) received.resolve();
    if (chunksPerSecond === undefined) sendNext();
  }

  async function sendPaced(perSecond: number): Promise<void> {
    const startedAt = performance.now();
    while (sentAt.length < chunks) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond;
      while (sentAt.length < Math.min(chunks, due)) sendNext();
      await Bun.sleep(1);
    }
  }

  const progress = readers.map((reader, index) => {
    const isCounted = index < counted;
    const one = createReaderProgress({
      allowsLoss: !reportsEnd,
      onEnd: ended.count,
      onProgress(from, to) {
        if (isCounted) for (let sequence = from; sequence < to; sequence += 1) onReceipt(sequence);
        if (reportsEnd) return;
        if (to === chunks + 1) drained.count();
        if (to === chunks + 2) ended.count();
      },
    });
    reader.onText = one.handleText;
    if (slow && index >= readers.length - slowCount) {
      reader.connection.limitRate(slow.bytesPerSecond);
    }
    return one;
  });

  const cpuBefore = process.cpuUsage();
  let seconds = 0;
  let loadCpuPercent = 0;
  function stopClock(): void {
    seconds = (performance.now() - (sentAt[0] ?? 0)) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    loadCpuPercent = (user + system) / MICROSECONDS_PER_PERCENT_SECOND / seconds;
  }
  if (chunksPerSecond === undefined) {
    for (let i = 0; i < inFlight; i += 1) sendNext();
    await received.promise;
    stopClock();
    for (const reader of readers) reader.connection.limitRate(null);
  } else {
    await sendPaced(chunksPerSecond);
  }
  await source.end(chunks - 1);
  if (!reportsEnd) {
    const repeat = setInterval(() => source.send(chunks, data), REPEAT_MS);
    await drained.done;
    clearInterval(repeat);
    source.send(chunks + 1, data);
  }
  await ended.done;
  if (chunksPerSecond !== undefined) stopClock();
  for (const reader of readers) {
    reader.connection.limitRate(null);
    reader.onText = () => {};
  }

  const sum = (field: 'gapChunks' | 'lostChunks') =>
    progress.reduce((total, one) => total + one[field], 0);
  const gapChunks = sum('gapChunks');
  const lostChunks = sum('lostChunks');
  const chunkMegabytes = CHUNK_BYTES / MEGABYTE;
  const deliveredMegabytes = (chunks * readers.length - gapChunks - lostChunks) * chunkMegabytes;
  const countedMegabytes =
    counted < readers.length ? chunks * counted * chunkMegabytes : deliveredMegabytes;
  return {
    megabytesPerSecond: countedMegabytes / seconds,
    loadCpuPercent,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    deliveredMegabytes,
    gapChunks,
    lostChunks,
  };
}

/** Resolves `done` when `count` has been called this many times. */
function createCountdown(times: number) {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let left = times;
  if (left === 0) resolve();
  function count(): void {
    left -= 1;
    if (left === 0) resolve();
  }
  return { done, count };
}

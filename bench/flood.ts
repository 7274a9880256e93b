// Sends a flood of chunks to many readers and measures their throughput and the latency of the slowest reader.

/** The maximum number of chunks in flight, so that the flood is as fast as its slowest reader. */
const WINDOW = 8;

export interface FloodOptions {
  /** Sends the chunk with this number. */
  send(sequence: number): void;
  readers: readonly WebSocket[];
  chunks: number;
  /** The size of a chunk. */
  chunkBytes: number;
}

export interface FloodResult {
  /** The throughput of all readers together; 1 MB is 1,048,576 bytes. */
  megabytesPerSecond: number;
  /** Percentiles of the time from sending a chunk until the last reader has received it, in milliseconds. */
  p50: number;
  p99: number;
}

/** Reads the number of a chunk from the end of its frame. Parsing every copy as JSON would measure the reader. */
function readSequence(frame: string): number | null {
  const digits = /"sequence":(\d+)/.exec(frame.slice(-64))?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Resolves once every reader has received every chunk. */
export function flood({ send, readers, chunks, chunkBytes }: FloodOptions): Promise<FloodResult> {
  const sentAt: number[] = [];
  const receipts = new Uint16Array(chunks);
  const latencies: number[] = [];
  const { promise, resolve } = Promise.withResolvers<FloodResult>();

  const sendNext = () => {
    if (sentAt.length >= chunks) return;
    sentAt.push(performance.now());
    send(sentAt.length - 1);
  };

  const onMessage = ({ data }: MessageEvent<unknown>) => {
    const sequence = typeof data === 'string' ? readSequence(data) : null;
    if (sequence === null || sequence >= chunks) return;
    const count = (receipts[sequence] ?? 0) + 1;
    receipts[sequence] = count;
    if (count < readers.length) return;
    latencies.push(performance.now() - (sentAt[sequence] ?? 0));
    if (latencies.length < chunks) return sendNext();
    for (const reader of readers) reader.removeEventListener('message', onMessage);
    const seconds = (performance.now() - (sentAt[0] ?? 0)) / 1000;
    const sorted = latencies.toSorted((a, b) => a - b);
    const percentile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
    resolve({
      megabytesPerSecond: (chunks * chunkBytes * readers.length) / 1_048_576 / seconds,
      p50: percentile(0.5),
      p99: percentile(0.99),
    });
  };

  for (const reader of readers) reader.addEventListener('message', onMessage);
  for (let i = 0; i < WINDOW; i += 1) sendNext();
  return promise;
}

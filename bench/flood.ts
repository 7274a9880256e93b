// One sender floods, fifty readers read: how much arrives in all, and how long until the last reader has each chunk.

/** Chunks on their way at the same time: the flood is as fast as the slowest reader. */
const WINDOW = 8;

export interface Flood {
  /** Sends chunk number `sequence`. */
  send(sequence: number): void;
  /** The sockets that read. */
  readers: readonly WebSocket[];
  /** How many chunks. */
  chunks: number;
  /** The size of a chunk, in bytes. */
  bytes: number;
}

export interface Figures {
  /** Delivered to all readers together, in MB (1,048,576 bytes) a second. */
  megabytesPerSecond: number;
  /** From the sending of a chunk to the last reader's receipt, in milliseconds. */
  p50: number;
  p99: number;
}

/** The number of a chunk, from the end of its frame: parsing fifty copies of each would measure the reader. */
export function sequenceOf(frame: string): number | null {
  const digits = /"sequence":(\d+)/.exec(frame.slice(-64))?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Runs one flood to its end. */
export function flood({ send, readers, chunks, bytes }: Flood): Promise<Figures> {
  const sentAt: number[] = [];
  const receipts = new Uint16Array(chunks);
  const latencies: number[] = [];
  const { promise, resolve } = Promise.withResolvers<Figures>();

  const sendNext = () => {
    if (sentAt.length >= chunks) return;
    sentAt.push(performance.now());
    send(sentAt.length - 1);
  };

  const receive = ({ data }: MessageEvent<unknown>) => {
    const sequence = typeof data === 'string' ? sequenceOf(data) : null;
    if (sequence === null || sequence >= chunks) return;
    const count = (receipts[sequence] ?? 0) + 1;
    receipts[sequence] = count;
    if (count < readers.length) return;
    latencies.push(performance.now() - (sentAt[sequence] ?? 0));
    if (latencies.length < chunks) return sendNext();
    for (const reader of readers) reader.removeEventListener('message', receive);
    const seconds = (performance.now() - (sentAt[0] ?? 0)) / 1000;
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
    resolve({
      megabytesPerSecond: (chunks * bytes * readers.length) / 1_048_576 / seconds,
      p50: at(0.5),
      p99: at(0.99),
    });
  };

  for (const reader of readers) reader.addEventListener('message', receive);
  for (let i = 0; i < WINDOW; i += 1) sendNext();
  return promise;
}

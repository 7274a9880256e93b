// One direction of a proxied connection: it forwards bytes from one socket to another, subject to network faults.
import type { Socket } from 'node:net';
import type { Prng } from '../prng.ts';
import { createFrameSplitter, type Frame } from './frame-splitter.ts';
import { wait } from '../wait.ts';

/** Upstream is from the client to the hub. */
export type Direction = 'upstream' | 'downstream';

/** Holds one message, and everything after it in its direction, until it is released. */
export interface MessageHold {
  direction: Direction;
  /** @param isFirst whether it is the first message of its connection in this direction */
  matches(frame: Frame, isFirst: boolean): boolean;
  onHeld(): void;
  released: Promise<void>;
}

/** The current faults of a proxy, which apply to both directions of all its connections. */
export interface NetworkFaults {
  /** The mean delay of bytes; the actual delay varies by half of it. */
  delayMs: number;
  /** Whether bytes are written in tiny pieces. */
  isFragmented: boolean;
  /** Holds all bytes until this is fulfilled. */
  stall: PromiseWithResolvers<void> | null;
  /** The number of messages still to be duplicated. */
  duplicates: number;
  /** Truncates the next message in this direction and resets the connection. */
  truncate: Direction | null;
  /** Holds the next message that matches. */
  hold: MessageHold | null;
}

export interface RelayHandlers {
  /** A message was truncated: the connection must be reset. */
  onTruncate(): void;
  onDuplicate(): void;
  onForwarded(frame: Frame): void;
}

/** The number of held bytes at which a relay stops reading. */
const MAX_HELD_BYTES = 65_536;
/** The maximum number of tiny writes per chunk; the rest of the chunk follows in one write. */
const MAX_TINY_WRITES = 40;

const waitForTurn = () => new Promise((resolve) => void setImmediate(resolve));

/** Forwards `from` to `to`. When `from` ends, `to` ends after everything held has been forwarded. */
export function createRelay(
  direction: Direction,
  [from, to]: [Socket, Socket],
  faults: NetworkFaults,
  prng: Prng,
  handlers: RelayHandlers,
) {
  const splitter = createFrameSplitter();
  const queue: { bytes: Buffer; dueAt: number }[] = [];
  let heldBytes = 0;
  let isForwarding = false;
  let hasSentMessage = false;
  let hasEnded = false;
  let isStopped = false;
  let isDiscarding = false;

  async function write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0 || isStopped || to.destroyed) return;
    if (to.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        to.off('drain', done);
        to.off('close', done);
        resolve();
      };
      to.on('drain', done);
      to.on('close', done);
    });
  }

  async function writeFragments(bytes: Buffer): Promise<void> {
    let offset = 0;
    for (let count = 0; count < MAX_TINY_WRITES && offset < bytes.length; count += 1) {
      const end = offset + prng.between(1, 9);
      await write(bytes.subarray(offset, end));
      offset = end;
      await waitForTurn();
    }
    await write(bytes.subarray(offset));
  }

  function duplicate(frame: Frame): Buffer[] {
    if (!frame.isData || faults.duplicates === 0) return [frame.bytes];
    faults.duplicates -= 1;
    handlers.onDuplicate();
    return [frame.bytes, frame.bytes];
  }

  async function truncateLast(frames: Frame[]): Promise<void> {
    const last = frames.at(-1)?.bytes ?? Buffer.alloc(0);
    await write(Buffer.concat(frames.slice(0, -1).map((frame) => frame.bytes)));
    await write(last.subarray(0, Math.max(1, prng.between(1, last.length - 1))));
    await waitForTurn();
    isStopped = true;
    handlers.onTruncate();
  }

  /** Returns the index of the message to hold; -1 if there is none. */
  function findHeld(frames: Frame[], { matches }: MessageHold): number {
    const firstMessage = hasSentMessage ? -1 : frames.findIndex(({ isData }) => isData);
    return frames.findIndex(
      (frame, index) => frame.isData && matches(frame, index === firstMessage),
    );
  }

  async function forward(bytes: Buffer): Promise<void> {
    const frames = splitter.push(bytes);
    const { hold } = faults;
    const index = hold?.direction === direction ? findHeld(frames, hold) : -1;
    if (!hold || index < 0) return forwardFrames(frames);
    faults.hold = null;
    await forwardFrames(frames.slice(0, index));
    hold.onHeld();
    await hold.released;
    await forwardFrames(frames.slice(index));
  }

  async function forwardFrames(frames: Frame[]): Promise<void> {
    hasSentMessage ||= frames.some(({ isData }) => isData);
    if (faults.truncate === direction && frames.at(-1)?.isData) {
      faults.truncate = null;
      return truncateLast(frames);
    }
    // Only messages to the hub are duplicated: it must ignore output that it has already received.
    const parts =
      direction === 'upstream' ? frames.flatMap(duplicate) : frames.map((frame) => frame.bytes);
    const all = Buffer.concat(parts);
    await (faults.isFragmented ? writeFragments(all) : write(all));
    if (!isStopped && !to.destroyed) frames.forEach(handlers.onForwarded);
  }

  async function forwardQueue(): Promise<void> {
    if (isForwarding) return;
    isForwarding = true;
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (isStopped) break;
      await faults.stall?.promise;
      const remainingMs = next.dueAt - Date.now();
      if (remainingMs > 0) await wait(remainingMs);
      await forward(next.bytes);
      heldBytes -= next.bytes.length;
      if (heldBytes < MAX_HELD_BYTES) from.resume();
    }
    isForwarding = false;
    await faults.stall?.promise;
    if (hasEnded && queue.length === 0 && !isStopped) to.end(splitter.rest());
  }

  from.on('data', (bytes: Buffer) => {
    if (isDiscarding) return;
    const { delayMs } = faults;
    queue.push({ bytes, dueAt: Date.now() + delayMs * (0.5 + prng.next()) });
    heldBytes += bytes.length;
    if (heldBytes >= MAX_HELD_BYTES || faults.stall) from.pause();
    void forwardQueue();
  });
  from.on('close', () => {
    hasEnded = true;
    void forwardQueue();
  });

  return {
    /** Forwards nothing more. It still reads until it holds too much, like a network without acknowledgements. */
    stop() {
      isStopped = true;
    },
    /** Reads and discards everything from now on. */
    discard() {
      isStopped = true;
      isDiscarding = true;
      from.resume();
    },
  };
}

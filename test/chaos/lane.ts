// One direction of a proxied connection: takes bytes at one end, and gives them out at the other as the weather allows.
import type { Socket } from 'node:net';
import { createFrameSplitter, type Frame } from './frames.ts';
import type { Prng } from './prng.ts';

export type Direction = 'up' | 'down';

/** What a proxy does to its connections now. Both lanes of all of them look at it. */
export interface Weather {
  /** Bytes are so much later, in milliseconds, give or take half. */
  delayMs: number;
  /** Bytes come in tiny writes. */
  trickles: boolean;
  /** Nothing passes until this is fulfilled. */
  stall: PromiseWithResolvers<void> | null;
  /** So many of the next messages go out twice. */
  repeats: number;
  /** The next frame in this direction stops half-way, and the connection with it. */
  breaks: Direction | null;
}

/** What a lane does beyond passing bytes on. */
export interface LaneEvents {
  /** A frame was sent by half: now the connection must go. */
  broken(): void;
  repeated(): void;
}

/** Held bytes at which a lane stops reading. */
const FULL_BYTES = 65_536;
/** At most so many tiny writes for what comes in one go. */
const TINY_WRITES = 40;

const turn = () => new Promise((resolve) => void setImmediate(resolve));
const wait = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

/** Connects `from` to `to`. When `from` ends, so does `to`, after all that was on its way. */
export function createLane(
  direction: Direction,
  [from, to]: [Socket, Socket],
  weather: Weather,
  prng: Prng,
  events: LaneEvents,
) {
  const splitter = createFrameSplitter();
  const queue: { bytes: Buffer; due: number }[] = [];
  let heldBytes = 0;
  let isPumping = false;
  let hasEnded = false;
  let isCut = false;

  async function write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0 || isCut || to.destroyed) return;
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

  async function trickle(bytes: Buffer): Promise<void> {
    let offset = 0;
    for (let count = 0; count < TINY_WRITES && offset < bytes.length; count += 1) {
      const end = offset + prng.between(1, 9);
      await write(bytes.subarray(offset, end));
      offset = end;
      await turn();
    }
    await write(bytes.subarray(offset));
  }

  function twice(frame: Frame): Buffer[] {
    if (!frame.isData || weather.repeats === 0) return [frame.bytes];
    weather.repeats -= 1;
    events.repeated();
    return [frame.bytes, frame.bytes];
  }

  async function pass(bytes: Buffer): Promise<void> {
    const frames = splitter.push(bytes);
    if (weather.breaks === direction && frames.at(-1)?.isData) {
      weather.breaks = null;
      const last = frames.pop()?.bytes ?? Buffer.alloc(0);
      await write(Buffer.concat(frames.map((frame) => frame.bytes)));
      await write(last.subarray(0, Math.max(1, prng.between(1, last.length - 1))));
      await turn();
      isCut = true;
      return events.broken();
    }
    const all = Buffer.concat(
      direction === 'up' ? frames.flatMap(twice) : frames.map((one) => one.bytes),
    );
    await (weather.trickles ? trickle(all) : write(all));
  }

  async function pump(): Promise<void> {
    if (isPumping) return;
    isPumping = true;
    for (let next = queue.shift(); next && !isCut; next = queue.shift()) {
      await weather.stall?.promise;
      const early = next.due - Date.now();
      if (early > 0) await wait(early);
      await pass(next.bytes);
      heldBytes -= next.bytes.length;
      if (heldBytes < FULL_BYTES) from.resume();
    }
    isPumping = false;
    await weather.stall?.promise;
    if (hasEnded && queue.length === 0 && !isCut) to.end(splitter.rest());
  }

  from.on('data', (bytes: Buffer) => {
    const { delayMs } = weather;
    queue.push({ bytes, due: Date.now() + delayMs * (0.5 + prng.next()) });
    heldBytes += bytes.length;
    if (heldBytes >= FULL_BYTES || weather.stall) from.pause();
    void pump();
  });
  from.on('close', () => {
    hasEnded = true;
    void pump();
  });

  return {
    /** Lets nothing more through, whatever is on its way. */
    cut() {
      isCut = true;
    },
  };
}

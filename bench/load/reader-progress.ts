// What one reader has received of a command's output, from its frames. It must be every chunk, or an exact gap.
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';

/** Frames of this size or more are chunks of output in a flood; parsing every copy as JSON would measure the reader. */
const MIN_CHUNK_FRAME_BYTES = 1_024;
/** The sequence is this close to the end of the frame. */
const TAIL_BYTES = 64;
const CODE = { colon: 58, quote: 34, e: 101, zero: 48, nine: 57 } as const;

/** Output in `[from, to)` has arrived, or is reported as a gap. */
export type OnProgress = (from: number, to: number) => void;

interface ProgressOptions {
  onProgress: OnProgress;
  /** All output has arrived. */
  onEnd(): void;
  /** Whether chunks may be missing without a gap, or be repeated: peers drop what a slow reader does not take. */
  allowsLoss: boolean;
}

export function createReaderProgress({ onProgress, onEnd, allowsLoss }: ProgressOptions) {
  let next = 0;
  let gapChunks = 0;
  let lostChunks = 0;

  function advance(from: number, to: number): void {
    if (allowsLoss && from < next) return;
    if (from !== next && !(allowsLoss && from > next)) {
      throw new Error(`A reader expected sequence ${next} and received ${from}.`);
    }
    lostChunks += from - next;
    // What is lost will not arrive: nobody needs to wait for it.
    onProgress(next, to);
    next = to;
  }

  function handleMessage(text: string): void {
    if (text.includes('"type":"terminal:gap"')) {
      const gap = JSON.parse(text) as { fromSequence: number; toSequence: number; bytes: number };
      const missing = gap.toSequence - gap.fromSequence;
      if (gap.bytes !== missing * CHUNK_BYTES) {
        throw new Error(`A reader misses ${missing} chunks, reported as ${gap.bytes} bytes.`);
      }
      gapChunks += missing;
      advance(gap.fromSequence, gap.toSequence);
    }
    if (!text.includes('"type":"terminal:complete"')) return;
    const { lastSequence } = JSON.parse(text) as { lastSequence: number };
    if (next !== lastSequence + 1) {
      throw new Error(`A reader received output up to ${next} of ${lastSequence + 1}.`);
    }
    onEnd();
  }

  return {
    handleText(bytes: Buffer, start: number, end: number): void {
      if (end - start < MIN_CHUNK_FRAME_BYTES) {
        return handleMessage(bytes.toString('utf8', start, end));
      }
      const sequence = readSequence(bytes, end);
      advance(sequence, sequence + 1);
    },
    get gapChunks() {
      return gapChunks;
    },
    get lostChunks() {
      return lostChunks;
    },
  };
}

/** Reads the number after `"sequence":` at the end of a frame. */
export function readSequence(bytes: Buffer, end: number): number {
  for (let i = end - 1; i > end - TAIL_BYTES; i -= 1) {
    const isField = bytes[i] === CODE.colon && bytes[i - 1] === CODE.quote;
    if (!isField || bytes[i - 2] !== CODE.e) continue;
    let sequence = 0;
    for (let at = i + 1; ; at += 1) {
      const digit = bytes[at] ?? 0;
      if (digit < CODE.zero || digit > CODE.nine) return sequence;
      sequence = sequence * 10 + digit - CODE.zero;
    }
  }
  throw new Error('A chunk of output has no sequence.');
}

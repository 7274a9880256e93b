// Broadcasts are compressed once, not once per socket (protocol.md, "Compression").
import { deflateRawSync } from 'node:zlib';
import { FrameFlag } from '../protocol/frame-flag.ts';
import type { Log } from './log.ts';

/** Shorter frames are not worth it. */
const WORTHWHILE = 1_024;
/** Fast rather than small: the frames are on their way to somebody who waits. */
const LEVEL = 3;

/** Squeezes bytes; may throw. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

const deflateRaw: Deflate = (bytes) => deflateRawSync(bytes, { level: LEVEL });

/**
 * Makes the writer of frames for dashboards that accept `deflate-raw`: a flagged binary frame where a message is over
 * 1 KB, the text itself otherwise. If compression fails, the same message goes out plain, with the flag that says so.
 */
export function createCompressor(log: Log, deflate: Deflate = deflateRaw) {
  const encoder = new TextEncoder();
  let warned = false;

  return (text: string): string | Uint8Array => {
    if (text.length <= WORTHWHILE) return text;
    const bytes = encoder.encode(text);
    try {
      return flagged(FrameFlag.deflateRaw, deflate(bytes));
    } catch (error) {
      if (!warned) log.warn('Compression failed: such frames go out uncompressed.', { error });
      warned = true;
      return flagged(FrameFlag.plain, bytes);
    }
  };
}

function flagged(flag: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 1);
  frame[0] = flag;
  frame.set(payload, 1);
  return frame;
}

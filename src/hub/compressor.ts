// Compresses a broadcast once instead of once per socket (docs/protocol.md, "Compression").
import { FrameFlag } from '../protocol/frame-flag.ts';
import type { Log } from './log.ts';

/** Shorter frames are sent as text. */
const MIN_BYTES = 1_024;
/** Faster than zlib at any level, and its frames are as small as those of level 6 there. */
const OPTIONS = { library: 'libdeflate', level: 1 } as const;

/** Encodes a frame for dashboards that accept compression. */
export type Compress = (text: string) => string | Uint8Array;

/** Compresses bytes; may throw. */
export type Deflate = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;

const deflateRaw: Deflate = (bytes) => Bun.deflateSync(bytes, OPTIONS);

/**
 * Creates the encoder of frames for dashboards that accept `deflate-raw`: a flagged binary frame for messages over
 * 1 KB, the text itself otherwise. If compression fails, the frame is sent uncompressed, with the flag for uncompressed
 * data.
 */
export function createCompressor(log: Log, deflate: Deflate = deflateRaw): Compress {
  const encoder = new TextEncoder();
  let hasWarned = false;

  return (text) => {
    const bytes = encoder.encode(text);
    if (bytes.length <= MIN_BYTES) return text;
    try {
      return flagged(FrameFlag.deflateRaw, deflate(bytes));
    } catch (error) {
      if (!hasWarned)
        log.warn('Compression failed. Affected frames are sent uncompressed.', { error });
      hasWarned = true;
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

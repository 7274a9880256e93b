// A message that many dashboards receive: encoded once for all of them, and compressed at most once.
import { encode } from '../protocol/codec.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';
import { byteLength } from '../protocol/text.ts';
import type { Compress } from './compressor.ts';

export type Frame = ReturnType<typeof createFrame>;

/** Encodes a message. */
export function createFrame(message: Unversioned<HubToDashboard>, compress: Compress) {
  const text = encode<HubToDashboard>(message);
  let compressed: string | Uint8Array | null = null;
  let bytes: number | null = null;
  return {
    text,
    /** The size of `text`. Counted when first needed. */
    bytes: () => (bytes ??= byteLength(text)),
    /** The frame for dashboards that accept compression. Compressed when first needed. */
    compressed: () => (compressed ??= compress(text)),
  };
}

/** The form of a frame that a dashboard accepts. */
export function formFor({ accepts }: { accepts: 'deflate-raw' | null }, frame: Frame) {
  return accepts === null ? frame.text : frame.compressed();
}

// Finds the frames in a stream of bytes without copying them, because a load generator reads gigabytes: only a frame that
// arrives in several pieces is copied.
import { readFrameHeader } from '../../test/support/hub/frame-header.ts';

/** Receives a frame. Its payload is `bytes` from `start` to `end`, exclusive, and valid only during the call. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

/** Returns a function that receives the bytes of a connection and calls `onFrame` for each complete frame. */
export function createFrameReader(onFrame: OnFrame) {
  let rest: Buffer = Buffer.alloc(0);

  /** Handles all complete frames, and returns the offset of the first incomplete one. */
  function readFrames(bytes: Buffer): number {
    let offset = 0;
    for (;;) {
      const header = readFrameHeader(bytes, offset);
      if (!header) return offset;
      const start = offset + header.headerBytes;
      const end = start + header.payloadBytes;
      if (end > bytes.length) return offset;
      onFrame(header.opcode, bytes, start, end);
      offset = end;
    }
  }

  /** How many bytes are missing in the incomplete frame; 1 if its header is incomplete. */
  function countMissing(): number {
    const header = readFrameHeader(rest, 0);
    return header ? header.headerBytes + header.payloadBytes - rest.length : 1;
  }

  return (received: Buffer): void => {
    let bytes = received;
    while (rest.length > 0 && bytes.length > 0) {
      const missing = countMissing();
      rest = Buffer.concat([rest, bytes.subarray(0, missing)]);
      bytes = bytes.subarray(missing);
      rest = rest.subarray(readFrames(rest));
    }
    if (bytes.length === 0) return;
    rest = Buffer.from(bytes.subarray(readFrames(bytes)));
  };
}

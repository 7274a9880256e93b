// Splits a stream of bytes into WebSocket frames, so that a proxy can cut a connection within a frame or duplicate one.
import { readFrameHeader } from '../../support/hub/frame-header.ts';

/** Opcodes up to this one carry data; the others are for control frames. */
const LAST_DATA_OPCODE = 2;
const CLOSE_OPCODE = 8;

export interface Frame {
  bytes: Buffer;
  /** Whether it carries a message: not a ping, pong or close frame, nor the HTTP upgrade. */
  isData: boolean;
  /** The code of a close frame, 1005 if it has none; null for other frames. */
  closeCode: number | null;
}

/** Splits one direction of a connection into the head of the HTTP upgrade and complete frames. */
export function createFrameSplitter() {
  let rest: Buffer = Buffer.alloc(0);
  let phase: 'head' | 'frames' | 'other' = 'head';

  return {
    /** Adds bytes and returns the frames that are now complete. */
    push(bytes: Buffer): Frame[] {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const frames: Frame[] = [];
      if (phase === 'head') {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return [];
        const start = rest.toString('latin1', 0, 12);
        phase = start.startsWith('GET ') || start === 'HTTP/1.1 101' ? 'frames' : 'other';
        frames.push({ bytes: rest.subarray(0, end + 4), isData: false, closeCode: null });
        rest = rest.subarray(end + 4);
      }
      if (phase === 'other') {
        if (rest.length > 0) frames.push({ bytes: rest, isData: false, closeCode: null });
        rest = Buffer.alloc(0);
        return frames;
      }
      let offset = 0;
      for (;;) {
        const header = readFrameHeader(rest, offset);
        if (!header) break;
        const end = offset + header.headerBytes + header.payloadBytes;
        if (rest.length < end) break;
        const isData = header.opcode <= LAST_DATA_OPCODE;
        const frame = rest.subarray(offset, end);
        const isClose = header.opcode === CLOSE_OPCODE;
        const closeCode = isClose ? readCloseCode(frame, header.headerBytes) : null;
        frames.push({ bytes: frame, isData, closeCode });
        offset = end;
      }
      rest = rest.subarray(offset);
      return frames;
    },
    /** Returns the bytes of the incomplete frame at the end. */
    rest: () => rest,
  };
}

/** Reads the code of a close frame. In frames of clients, the last four bytes of the header mask the payload. */
function readCloseCode(frame: Buffer, headerBytes: number): number {
  if (frame.length < headerBytes + 2) return 1005;
  const isMasked = ((frame[1] ?? 0) & 0x80) !== 0;
  const mask = isMasked ? frame.readUInt16BE(headerBytes - 4) : 0;
  return frame.readUInt16BE(headerBytes) ^ mask;
}

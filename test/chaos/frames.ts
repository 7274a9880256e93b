// Where WebSocket frames begin and end in a stream of bytes: a proxy may cut in the middle of one, or repeat a whole one.

export interface Frame {
  bytes: Buffer;
  /** Whether it carries a message, not a ping, pong, close, or the upgrade itself. */
  isData: boolean;
}

/** Cuts one direction of a connection into the head of the upgrade and whole frames; the rest waits for more bytes. */
export function createFrameSplitter() {
  let rest: Buffer = Buffer.alloc(0);
  let stage: 'head' | 'frames' | 'other' = 'head';

  return {
    push(bytes: Buffer): Frame[] {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const frames: Frame[] = [];
      if (stage === 'head') {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return [];
        const first = rest.toString('latin1', 0, 12);
        stage = first.startsWith('GET ') || first === 'HTTP/1.1 101' ? 'frames' : 'other';
        frames.push({ bytes: rest.subarray(0, end + 4), isData: false });
        rest = rest.subarray(end + 4);
      }
      if (stage === 'other') {
        if (rest.length > 0) frames.push({ bytes: rest, isData: false });
        rest = Buffer.alloc(0);
        return frames;
      }
      let offset = 0;
      for (;;) {
        const length = frameLength(rest, offset);
        if (length === null || rest.length < offset + length) break;
        const opcode = (rest[offset] ?? 0) & 0x0f;
        frames.push({ bytes: rest.subarray(offset, offset + length), isData: opcode <= 2 });
        offset += length;
      }
      rest = rest.subarray(offset);
      return frames;
    },
    /** What has come of a frame that is not whole yet. */
    rest: () => rest,
  };
}

/** The length of the frame that begins at an offset, header and all; null while its header is not whole. */
function frameLength(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 2) return null;
  const second = bytes[at + 1] ?? 0;
  const mask = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  if (short < 126) return 2 + mask + short;
  if (short === 126) return bytes.length < at + 4 ? null : 4 + mask + bytes.readUInt16BE(at + 2);
  return bytes.length < at + 10 ? null : 10 + mask + Number(bytes.readBigUInt64BE(at + 2));
}

// Reads and writes the headers of WebSocket frames (RFC 6455, section 5.2).

export interface FrameHeader {
  opcode: number;
  headerBytes: number;
  payloadBytes: number;
}

/** Reads the header at an offset; null while it is incomplete. */
export function readFrameHeader(bytes: Buffer, offset: number): FrameHeader | null {
  if (bytes.length < offset + 2) return null;
  const opcode = (bytes[offset] ?? 0) & 0x0f;
  const second = bytes[offset + 1] ?? 0;
  const maskBytes = second & 0x80 ? 4 : 0;
  const length = second & 0x7f;
  if (length < 126) return { opcode, headerBytes: 2 + maskBytes, payloadBytes: length };
  const lengthBytes = length === 126 ? 2 : 8;
  if (bytes.length < offset + 2 + lengthBytes) return null;
  const payloadBytes =
    lengthBytes === 2 ? bytes.readUInt16BE(offset + 2) : Number(bytes.readBigUInt64BE(offset + 2));
  return { opcode, headerBytes: 2 + lengthBytes + maskBytes, payloadBytes };
}

/** Creates a client's frame with an all-zero mask: clients must mask, and this mask leaves the payload as it is. */
export function createClientFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = 0x80 | opcode;
  if (length < 126) header[1] = 0x80 | length;
  else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

// Reads the header of a WebSocket frame (RFC 6455, section 5.2).

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

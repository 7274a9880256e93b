/** The first byte of a binary frame (docs/protocol.md, "Ground rules"). */
export const FrameFlag = { plain: 0x00, deflateRaw: 0x01 } as const;

import { expect, test } from 'bun:test';
import { createFrameReader } from '../../bench/load/frame-reader.ts';
import { createClientFrame } from '../support/hub/frame-header.ts';

/** A frame as servers send it: without a mask. */
function createServerFrame(opcode: number, text: string): Buffer {
  const masked = createClientFrame(opcode, Buffer.from(text));
  const headerBytes = masked.length - text.length;
  const header = Buffer.from(masked.subarray(0, headerBytes - 4));
  header[1] = (header[1] ?? 0) & 0x7f;
  return Buffer.concat([header, Buffer.from(text)]);
}

const short = ['', 'short', 'x'.repeat(125), 'y'.repeat(126), 'end'];
/** Its length takes eight bytes in the header. */
const long = [...short, 'z'.repeat(70_000), 'end'];

test.each([
  ...[1, 2, 3, 7].map((size) => ({ size, texts: short })),
  ...[130, 4_096, 65_536, 100_000].map((size) => ({ size, texts: long })),
])('all frames are found in pieces of $size bytes', ({ size, texts }) => {
  const sent = texts.map((text, index) => ({ opcode: 1 + (index % 2), text }));
  const stream = Buffer.concat(sent.map(({ opcode, text }) => createServerFrame(opcode, text)));
  const received: { opcode: number; text: string }[] = [];
  const read = createFrameReader((opcode, bytes, start, end) => {
    received.push({ opcode, text: bytes.toString('utf8', start, end) });
  });
  for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
  expect(received).toEqual(sent);
});

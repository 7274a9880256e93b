// A block of a command's output: chunks that are compressed together, to about a tenth. Single chunks hardly compress.
import { Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { byteLength } from '../protocol/text.ts';
import { toPlainText } from './output-text.ts';
import type { StoredChunk } from './store.ts';

/** The fields of a chunk. There are as few as possible, because a block has thousands of chunks. */
const Row = Type.Tuple([
  Type.Integer(), // sequence
  Type.Union([Type.Literal(0), Type.Literal(1)]), // 1 for stderr
  Type.Integer(), // timestamp
  Type.Integer(), // offset
  Type.Integer(), // lostBytes
  Type.Integer(), // the length of its text
]);
/** The end of the line that began in the block before, and the chunks. */
const Header = Type.Tuple([Type.String(), Type.Array(Row)]);
const isHeader = TypeCompiler.Compile(Header);

/** Twice as fast as the default, and its blocks are only a few percent larger. */
const LEVEL = 1;

/** A block as it is stored. */
interface PackedBlock {
  data: Buffer;
  checksum: number;
}

/**
 * Compresses chunks. The header is one line, and the text follows.
 * @param text the text of the chunks
 * @param lead the line that began in the block before, as far as it is searched
 * @returns the block, and the size of its text
 */
export function packBlock(
  chunks: readonly StoredChunk[],
  text: string,
  lead: string,
): PackedBlock & { textBytes: number } {
  const rows = chunks.map(({ sequence, type, timestamp, offset, lostBytes, data }) => [
    sequence,
    type === 'stderr' ? 1 : 0,
    timestamp,
    offset,
    lostBytes,
    data.length,
  ]);
  const header = Buffer.from(`${JSON.stringify([lead, rows])}\n`);
  const body = Buffer.from(text);
  const data = Bun.zstdCompressSync(Buffer.concat([header, body]), { level: LEVEL });
  return { data, checksum: Bun.hash.crc32(data), textBytes: body.length };
}

/** Whether the data is what was stored. */
export const isIntact = ({ data, checksum }: PackedBlock): boolean =>
  Bun.hash.crc32(data) === checksum;

/** @throws if it is damaged */
function unpack(block: PackedBlock) {
  if (!isIntact(block)) throw new Error('A block of output is damaged.');
  const packed = Bun.zstdDecompressSync(new Uint8Array(block.data)).toString();
  const end = packed.indexOf('\n');
  const header: unknown = JSON.parse(packed.slice(0, end));
  if (!isHeader.Check(header)) throw new Error('A block of output has an unknown format.');
  return { header, text: packed.slice(end + 1) };
}

/** Returns the chunks of a block. @throws if it is damaged */
export function unpackBlock(block: PackedBlock): StoredChunk[] {
  const { header, text } = unpack(block);
  let at = 0;
  return header[1].map(([sequence, isStderr, timestamp, offset, lostBytes, length]) => {
    const data = text.slice(at, at + length);
    at += length;
    const type = isStderr === 1 ? ('stderr' as const) : ('stdout' as const);
    return { sequence, type, data, timestamp, offset, lostBytes };
  });
}

/**
 * Returns the text of a block as it is searched, after the line that began in the block before; empty if the block is
 * damaged.
 */
export function readPlainText(block: PackedBlock): string {
  try {
    const { header, text } = unpack(block);
    return toPlainText(header[0] + text);
  } catch {
    return '';
  }
}

/** The size of the text of chunks. */
export const textBytes = (chunks: readonly StoredChunk[]): number =>
  chunks.reduce((sum, { data }) => sum + byteLength(data), 0);

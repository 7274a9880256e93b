// How the output of a command is divided into blocks. The same in all databases.
import { packBlock } from './output-block.ts';
import { lastLine } from './output-text.ts';
import type { StoredChunk } from './store.ts';

/** The chunks of a block, if they are small, and of a page of rows. */
export const BLOCK_CHUNKS = 4_096;
/** The text of a block, in characters. Compressing one takes about 2 ms. */
const BLOCK_LENGTH = 262_144;

/** The size of the chunks that are not in a block yet. */
export interface Size {
  chunks: number;
  length: number;
}

/** Whether there are enough chunks for a block. */
export const isBlock = ({ chunks, length }: Size): boolean =>
  length >= BLOCK_LENGTH || chunks >= BLOCK_CHUNKS;

/** The size after chunks were added. */
export const addSize = (size: Size, chunks: readonly StoredChunk[]): Size => ({
  chunks: size.chunks + chunks.length,
  length: chunks.reduce((sum, { data }) => sum + data.length, size.length),
});

/** Divides chunks into blocks. `rest` is too small for one. */
export function sliceBlocks(chunks: readonly StoredChunk[]): {
  blocks: StoredChunk[][];
  rest: StoredChunk[];
} {
  const blocks: StoredChunk[][] = [];
  let rest: StoredChunk[] = [];
  let length = 0;
  for (const chunk of chunks) {
    rest.push(chunk);
    length += chunk.data.length;
    if (!isBlock({ chunks: rest.length, length })) continue;
    blocks.push(rest);
    rest = [];
    length = 0;
  }
  return { blocks, rest };
}

/**
 * Compresses chunks to a block, and returns its columns; null without chunks.
 * @param before the block before it
 * @throws if the chunks are in the block before
 */
export function createBlock(
  chunks: readonly StoredChunk[],
  before: { tail: string; nextSequence: number } | undefined,
) {
  const [first] = chunks;
  const last = chunks.at(-1);
  if (!first || !last) return null;
  if (before && before.nextSequence > first.sequence) throw alreadyStored();
  const lead = before?.tail ?? '';
  const text = chunks.map(({ data }) => data).join('');
  return {
    ...packBlock(chunks, text, lead),
    firstSequence: first.sequence,
    nextSequence: last.sequence + 1,
    firstOffset: first.offset,
    tail: lastLine(lead + text),
  };
}

/** @throws if new chunks begin before the end of those that are stored as rows */
export function assertNew(added: readonly StoredChunk[], rows: readonly StoredChunk[]): void {
  const [first] = added;
  if (first && (rows.at(-1)?.sequence ?? -1) >= first.sequence) throw alreadyStored();
}

const alreadyStored = () => new Error('This output is stored.');

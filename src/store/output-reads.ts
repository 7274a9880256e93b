// Reads the output of commands: blocks, and then the rows that are not in a block yet.
import { and, asc, desc, eq, getTableColumns, gt, gte, lt, lte, sql } from 'drizzle-orm';
import { isIntact, textBytes, unpackBlock } from './output-block.ts';
import { BLOCK_CHUNKS } from './output-slicing.ts';
import type { QueryContext } from './query-context.ts';
import { output, outputBlocks as blocks, transcripts } from './schema.ts';
import type { Store, StoredChunk, StoredPage } from './store.ts';

type Reads = 'listLatest' | 'listFrom' | 'countBytes' | 'findPosition' | 'findTranscript';

const { commandId: _, ...chunkColumns } = getTableColumns(output);

/** The rows of a command in order. */
export const selectRows = (db: QueryContext['db'], commandId: string, from = 0) =>
  db
    .select(chunkColumns)
    .from(output)
    .where(and(eq(output.commandId, commandId), gte(output.sequence, from)))
    .orderBy(asc(output.sequence));

export function createOutputReads({ db, read }: QueryContext): Pick<Store['output'], Reads> {
  const selectBlock = () => db.select().from(blocks);

  function isRemoved(commandId: string): boolean {
    const transcript = db
      .select({ removedAt: transcripts.removedAt })
      .from(transcripts)
      .where(eq(transcripts.commandId, commandId))
      .get();
    return transcript !== undefined && transcript.removedAt !== null;
  }

  /** The block with a sequence, or else the next one. */
  function findBlock(commandId: string, sequence: number) {
    const ofCommand = eq(blocks.commandId, commandId);
    const before = selectBlock()
      .where(and(ofCommand, lte(blocks.firstSequence, sequence)))
      .orderBy(desc(blocks.firstSequence))
      .limit(1)
      .get();
    if (before && before.nextSequence > sequence) return before;
    return selectBlock()
      .where(and(ofCommand, gt(blocks.firstSequence, sequence)))
      .orderBy(asc(blocks.firstSequence))
      .limit(1)
      .get();
  }

  function listPage(commandId: string, from: number): StoredPage | null {
    const block = findBlock(commandId, from);
    if (block) {
      const { nextSequence } = block;
      try {
        const chunks = unpackBlock(block).filter(({ sequence }) => sequence >= from);
        return { chunks, nextSequence, damage: null };
      } catch (error) {
        return { chunks: [], nextSequence, damage: String(error) };
      }
    }
    const chunks = selectRows(db, commandId, from).limit(BLOCK_CHUNKS).all();
    const last = chunks.at(-1);
    return last ? { chunks, nextSequence: last.sequence + 1, damage: null } : null;
  }

  function listLatest(commandId: string, bytes: number, count: number): StoredChunk[] {
    const pages: StoredChunk[][] = [];
    let left = { bytes, count };
    for (
      let page: StoredChunk[] | null = selectRows(db, commandId).all(), before = Infinity;
      page;
    ) {
      pages.push(page);
      left = { bytes: left.bytes - textBytes(page), count: left.count - page.length };
      if (left.bytes <= 0 || left.count <= 0) break;
      const block = selectBlock()
        .where(and(eq(blocks.commandId, commandId), lt(blocks.firstSequence, before)))
        .orderBy(desc(blocks.firstSequence))
        .limit(1)
        .get();
      before = block?.firstSequence ?? 0;
      // What is older than a damaged block would not be consecutive.
      page = block && isIntact(block) ? unpackBlock(block) : null;
    }
    return pages.toReversed().flat();
  }

  /** The readable text before a sequence. */
  function countBytes(commandId: string, before: number): number {
    const found = db
      .select({ firstSequence: blocks.firstSequence })
      .from(blocks)
      .where(and(eq(blocks.commandId, commandId), lt(blocks.firstSequence, before)))
      .all();
    let bytes = 0;
    for (const { firstSequence } of found) {
      const block = findBlock(commandId, firstSequence);
      if (!block || !isIntact(block)) continue;
      if (block.nextSequence <= before) bytes += block.textBytes;
      else bytes += textBytes(unpackBlock(block).filter(({ sequence }) => sequence < before));
    }
    const rowBytes = sql<number>`coalesce(sum(octet_length(${output.data})), 0)`;
    const rows = db
      .select({ bytes: rowBytes })
      .from(output)
      .where(and(eq(output.commandId, commandId), lt(output.sequence, before)))
      .get();
    return bytes + (rows?.bytes ?? 0);
  }

  function findPosition(commandId: string, offset: number) {
    const row = db
      .select({ sequence: output.sequence, offset: output.offset })
      .from(output)
      .where(and(eq(output.commandId, commandId), lte(output.offset, offset)))
      .orderBy(desc(output.sequence))
      .limit(1)
      .get();
    if (row) return row;
    const block = selectBlock()
      .where(and(eq(blocks.commandId, commandId), lte(blocks.firstOffset, offset)))
      .orderBy(desc(blocks.firstSequence))
      .limit(1)
      .get();
    if (!block) return undefined;
    const first = { sequence: block.firstSequence, offset: block.firstOffset };
    if (!isIntact(block)) return first;
    const chunk = unpackBlock(block).findLast((one) => one.offset <= offset);
    return chunk ? { sequence: chunk.sequence, offset: chunk.offset } : first;
  }

  /** Reads the output of a command on one state of the database. Deleted output can still be there. */
  const readTogether = <T>(commandId: string, none: T, query: () => T): Promise<T> =>
    read(() =>
      db.transaction(() => (isRemoved(commandId) ? none : query()), { behavior: 'deferred' }),
    );

  return {
    listLatest: (commandId, bytes, count = Infinity) =>
      readTogether(commandId, [], () => listLatest(commandId, bytes, count)),
    listFrom: (commandId, sequence) =>
      readTogether(commandId, null, () => listPage(commandId, sequence)),
    countBytes: (commandId, before) =>
      readTogether(commandId, 0, () => countBytes(commandId, before)),
    findPosition: (commandId, offset) =>
      readTogether(commandId, undefined, () => findPosition(commandId, offset)),
    findTranscript: (commandId) =>
      read(() => db.select().from(transcripts).where(eq(transcripts.commandId, commandId)).get()),
  };
}

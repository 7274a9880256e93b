// Reads the output of commands: blocks, and then the rows that are not in a block yet.
import { and, asc, desc, eq, getTableColumns, gt, gte, lt, lte } from 'drizzle-orm';
import { isIntact, textBytes, unpackBlock } from '../output-block.ts';
import { BLOCK_CHUNKS } from '../output-slicing.ts';
import type { Store, StoredChunk, StoredPage } from '../store.ts';
import type { Db, QueryContext } from './context.ts';
import { output, outputBlocks as blocks, transcripts } from './schema.ts';

type Reads = 'listLatest' | 'listFrom' | 'countBytes' | 'findPosition' | 'findTranscript';

const { commandId: _, ...chunkColumns } = getTableColumns(output);
/** What is needed to read a block. The text for the search is as large as all of it. */
const { plainText: _plainText, tail: _tail, ...blockColumns } = getTableColumns(blocks);

/** The rows of a command in order. */
export const selectRows = (db: Db, commandId: string, from = 0) =>
  db
    .select(chunkColumns)
    .from(output)
    .where(and(eq(output.commandId, commandId), gte(output.sequence, from)))
    .orderBy(asc(output.sequence));

const selectBlock = (db: Db) => db.select(blockColumns).from(blocks);

/** The last block that begins before a sequence. */
async function findBlockBefore(db: Db, commandId: string, sequence: number) {
  const [block] = await selectBlock(db)
    .where(and(eq(blocks.commandId, commandId), lt(blocks.firstSequence, sequence)))
    .orderBy(desc(blocks.firstSequence))
    .limit(1);
  return block;
}

/** The block with a sequence, or else the next one. */
async function findBlock(db: Db, commandId: string, sequence: number) {
  const before = await findBlockBefore(db, commandId, sequence + 1);
  if (before && before.nextSequence > sequence) return before;
  const [next] = await selectBlock(db)
    .where(and(eq(blocks.commandId, commandId), gt(blocks.firstSequence, sequence)))
    .orderBy(asc(blocks.firstSequence))
    .limit(1);
  return next;
}

async function listPage(db: Db, commandId: string, from: number): Promise<StoredPage | null> {
  const block = await findBlock(db, commandId, from);
  if (block) {
    const { nextSequence } = block;
    try {
      const chunks = unpackBlock(block).filter(({ sequence }) => sequence >= from);
      return { chunks, nextSequence, damage: null };
    } catch (error) {
      return { chunks: [], nextSequence, damage: String(error) };
    }
  }
  const chunks = await selectRows(db, commandId, from).limit(BLOCK_CHUNKS);
  const last = chunks.at(-1);
  return last ? { chunks, nextSequence: last.sequence + 1, damage: null } : null;
}

async function listLatest(
  db: Db,
  commandId: string,
  bytes: number,
  count: number,
): Promise<StoredChunk[]> {
  const pages: StoredChunk[][] = [];
  let left = { bytes, count };
  let before = Number.MAX_SAFE_INTEGER;
  let page: StoredChunk[] | null = await selectRows(db, commandId);
  while (page) {
    pages.push(page);
    left = { bytes: left.bytes - textBytes(page), count: left.count - page.length };
    if (left.bytes <= 0 || left.count <= 0) break;
    const block = await findBlockBefore(db, commandId, before);
    before = block?.firstSequence ?? 0;
    // What is older than a damaged block would not be consecutive.
    page = block && isIntact(block) ? unpackBlock(block) : null;
  }
  return pages.toReversed().flat();
}

/** The readable text before a sequence. */
async function countBytes(db: Db, commandId: string, before: number): Promise<number> {
  const found = await db
    .select({ firstSequence: blocks.firstSequence })
    .from(blocks)
    .where(and(eq(blocks.commandId, commandId), lt(blocks.firstSequence, before)));
  let bytes = 0;
  for (const { firstSequence } of found) {
    const block = await findBlock(db, commandId, firstSequence);
    if (!block || !isIntact(block)) continue;
    if (block.nextSequence <= before) bytes += block.textBytes;
    else bytes += textBytes(unpackBlock(block).filter(({ sequence }) => sequence < before));
  }
  const rows = await selectRows(db, commandId);
  return bytes + textBytes(rows.filter(({ sequence }) => sequence < before));
}

async function findPosition(db: Db, commandId: string, offset: number) {
  const [row] = await db
    .select({ sequence: output.sequence, offset: output.offset })
    .from(output)
    .where(and(eq(output.commandId, commandId), lte(output.offset, offset)))
    .orderBy(desc(output.sequence))
    .limit(1);
  if (row) return row;
  const [block] = await selectBlock(db)
    .where(and(eq(blocks.commandId, commandId), lte(blocks.firstOffset, offset)))
    .orderBy(desc(blocks.firstSequence))
    .limit(1);
  if (!block) return undefined;
  const first = { sequence: block.firstSequence, offset: block.firstOffset };
  if (!isIntact(block)) return first;
  const chunk = unpackBlock(block).findLast((one) => one.offset <= offset);
  return chunk ? { sequence: chunk.sequence, offset: chunk.offset } : first;
}

async function findTranscript(db: Db, commandId: string) {
  const isWanted = eq(transcripts.commandId, commandId);
  const [found] = await db.select().from(transcripts).where(isWanted);
  return found;
}

export function createOutputReads({
  read,
  readTogether,
}: QueryContext): Pick<Store['output'], Reads> {
  /** Reads the output of a command on one state of the database. Deleted output can still be there. */
  const readOutput = <T>(commandId: string, none: T, query: (db: Db) => Promise<T>): Promise<T> =>
    readTogether(async (db) => {
      const transcript = await findTranscript(db, commandId);
      return (transcript?.removedAt ?? null) === null ? query(db) : none;
    });

  return {
    listLatest: (commandId, bytes, count = Infinity) =>
      readOutput(commandId, [], (db) => listLatest(db, commandId, bytes, count)),
    listFrom: (commandId, sequence) =>
      readOutput(commandId, null, (db) => listPage(db, commandId, sequence)),
    countBytes: (commandId, before) =>
      readOutput(commandId, 0, (db) => countBytes(db, commandId, before)),
    findPosition: (commandId, offset) =>
      readOutput<Awaited<ReturnType<typeof findPosition>>>(commandId, undefined, (db) =>
        findPosition(db, commandId, offset),
      ),
    findTranscript: (commandId) => read((db) => findTranscript(db, commandId)),
  };
}

// Finds commands by a text in their output, which is searched block by block.
import { and, desc, eq, gte, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import { readPlainText } from '../output-block.ts';
import { findLine } from '../output-text.ts';
import { createFilter } from './command-pages.ts';
import type { Db, QueryContext } from './context.ts';
import { commands, outputBlocks as blocks, transcripts } from './schema.ts';
import { INDEX_MS, isLongEnough, type Search, toPattern } from './text-search.ts';

/** How many blocks are looked up at once. Each is decompressed, which takes about a millisecond. */
const FEW = 500;
/** The blocks that are read one by one in one query. */
const PART = 50;

/** The lines that were found, by command, and from which command on all output has been searched; null if from the first. */
interface Result {
  lines: Map<string, string>;
  searchedTo: string | null;
}

/** Which output is searched. */
interface Range {
  /** The command with which it begins; null for the first. */
  from: string | null;
  /** Commands that were found already. */
  known: ReadonlySet<string>;
}

interface Block {
  commandId: string;
  firstSequence: number;
  /** Whether it may contain the text. */
  isCandidate: boolean;
}

/** Finds at most `limit` commands, the newest first, with one line of each. */
export async function searchOutput(
  context: QueryContext,
  search: Search,
  { from, known }: Range,
): Promise<Result> {
  const lines = new Map<string, string>();
  const { query, deadline } = search;
  if (!isLongEnough(query.q)) return { lines, searchedTo: null };
  let current: string | null = null;
  for await (const { commandId, firstSequence, isCandidate } of listBlocks(context, search, from)) {
    if (commandId !== current) {
      if (current !== null && performance.now() > deadline) return { lines, searchedTo: current };
      current = commandId;
    }
    if (!isCandidate || known.has(commandId) || lines.has(commandId)) continue;
    const line = await findInBlock(context, commandId, firstSequence, query.q);
    if (line !== null) lines.set(commandId, line);
    if (lines.size === query.limit) break;
  }
  return { lines, searchedTo: null };
}

async function findInBlock(
  { read }: QueryContext,
  commandId: string,
  firstSequence: number,
  text: string,
): Promise<string | null> {
  const [block] = await read((db) =>
    db
      .select({ data: blocks.data, checksum: blocks.checksum })
      .from(blocks)
      .where(and(eq(blocks.commandId, commandId), eq(blocks.firstSequence, firstSequence))),
  );
  return block ? findLine(readPlainText(block), text) : null;
}

/** Lists the blocks of the commands that a search selects, the newest first: all of them, or only candidates. */
async function* listBlocks(
  { read, readWithin }: QueryContext,
  { query, agentIds }: Search,
  from: string | null,
): AsyncGenerator<Block, undefined> {
  const { cursor } = query;
  const isCandidate = mayContain(query.q);
  const selected = and(
    sql`EXISTS (SELECT 1 FROM ${commands} WHERE ${and(eq(commands.id, blocks.commandId), createFilter(query, agentIds))})`,
    sql`NOT EXISTS (SELECT 1 FROM ${transcripts} WHERE ${eq(transcripts.commandId, blocks.commandId)} AND removed_at IS NOT NULL)`,
    from === null ? undefined : gte(blocks.commandId, from),
    cursor ? lt(blocks.commandId, cursor) : undefined,
  );
  const few = await readWithin(INDEX_MS, (db) => createFewQuery(db, and(isCandidate, selected)));
  if (few && few.length <= FEW) {
    const sorted = few.toSorted((a, b) =>
      a.commandId === b.commandId
        ? b.firstSequence - a.firstSequence
        : a.commandId < b.commandId
          ? 1
          : -1,
    );
    for (const one of sorted) yield { ...one, isCandidate: true };
    return;
  }

  let after: SQL | undefined;
  for (;;) {
    const part: Block[] = await read((db) =>
      createPartQuery(db, isCandidate, and(selected, after)),
    );
    yield* part;
    const last = part.at(-1);
    if (!last || part.length < PART) return;
    after = sql`(${blocks.commandId}, ${blocks.firstSequence}) < (${last.commandId}, ${last.firstSequence}::bigint)`;
  }
}

/** Exported to test that it uses the index. */
export const createFewQuery = (db: Db, filter: SQL | undefined) =>
  db
    .select({ commandId: blocks.commandId, firstSequence: blocks.firstSequence })
    .from(blocks)
    .where(filter)
    .limit(FEW + 1);

/** Exported to test which index it uses. */
export const createPartQuery = (db: Db, isCandidate: SQL<boolean>, filter: SQL | undefined) =>
  db
    .select({ commandId: blocks.commandId, firstSequence: blocks.firstSequence, isCandidate })
    .from(blocks)
    .where(filter)
    .orderBy(desc(blocks.commandId), desc(blocks.firstSequence))
    .limit(PART);

/** Whether a block may contain a text: blocks that are not indexed may. */
export const mayContain = (text: string): SQL<boolean> =>
  sql<boolean>`(${or(isNull(blocks.plainText), sql`${blocks.plainText} LIKE ${toPattern(text.toLowerCase())}`)})`;

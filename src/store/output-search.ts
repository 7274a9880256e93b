// The full-text index of output: an FTS5 table of trigrams with one entry per block (migrations/0015_transcripts.sql). It
// finds the blocks that contain the same trigrams as a text; the text of the block then decides. Blocks are indexed in the
// background, the newest first, and until then each is read.
import type { Database } from 'bun:sqlite';
import { and, desc, eq, gt, isNull, sql } from 'drizzle-orm';
import { createTrigramQuery } from './command-search.ts';
import { pauseAfter } from './index-pace.ts';
import { readPlainText } from './output-block.ts';
import { findLine } from './output-text.ts';
import type { QueryContext } from './query-context.ts';
import { outputBlocks as blocks, transcripts } from './schema.ts';

/** The blocks of one command have consecutive numbers in the index, and those of the next command follow. */
const ROWS_PER_COMMAND = 2 ** 20;
/** The candidates that are listed at once. */
const CANDIDATES = 200;
/** Delay after a failure, such as a full disk. */
const RETRY_MS = 1_000;

type Db = QueryContext['db'];

/** The number of the first block of a command, by its row. */
export const firstSearchRow = (commandRow: number): number => commandRow * ROWS_PER_COMMAND;
const commandRowOf = (searchRow: number): number => Math.floor(searchRow / ROWS_PER_COMMAND);

/**
 * Indexes blocks in the background.
 * @param onError called for each failure; indexing continues a second later
 */
export function createOutputIndexer(database: Database, db: Db, onError: (error: unknown) => void) {
  let timer: Timer | undefined;
  let lastBlockAt = -Infinity;
  // In a transaction of its own, so that no write of a user fails with it.
  const indexNext = database.transaction(() => indexNewest(db));

  function schedule(delay: number) {
    timer ??= setTimeout(() => {
      timer = undefined;
      run();
    }, delay);
  }

  function run() {
    const startedAt = performance.now();
    try {
      if (!indexNext.immediate()) return;
      const endedAt = performance.now();
      schedule(pauseAfter(endedAt - startedAt, endedAt - lastBlockAt));
    } catch (error) {
      onError(error);
      schedule(RETRY_MS);
    }
  }

  schedule(0);
  return {
    /** Continues, because there is a new block. */
    wake() {
      lastBlockAt = performance.now();
      schedule(RETRY_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Indexes the newest block that is not indexed. Returns whether there was one. */
export function indexNewest(db: Db): boolean {
  const block = db
    .select()
    .from(blocks)
    .where(and(eq(blocks.isIndexed, false), gt(blocks.searchRow, 0)))
    .orderBy(desc(blocks.searchRow))
    .limit(1)
    .get();
  if (!block?.searchRow) return false;
  const text = readPlainText(block).toLowerCase();
  db.run(sql`INSERT INTO output_search (rowid, text) VALUES (${block.searchRow}, ${text})`);
  db.update(blocks).set({ isIndexed: true }).where(eq(blocks.searchRow, block.searchRow)).run();
  return true;
}

/** The rows of commands: from `after`, exclusive, to `upTo`, inclusive. */
interface Rows {
  after: number;
  upTo: number;
}

/**
 * Yields the numbers of blocks that may contain a text, the newest first. Those that are not indexed are among them.
 */
function* listCandidates(db: Db, text: string, { after, upTo }: Rows): Generator<number> {
  const trigrams = createTrigramQuery(text.toLowerCase());
  if (trigrams === null) return;
  const first = firstSearchRow(after + 1) - 1;
  let last = firstSearchRow(upTo + 1) - 1;
  const select = (from: number) =>
    db.all<{ row: number }>(sql`
      SELECT row FROM (
        SELECT rowid AS row FROM output_search
        WHERE output_search MATCH ${trigrams} AND rowid > ${first} AND rowid <= ${from}
        ORDER BY rowid DESC LIMIT ${CANDIDATES}
      ) UNION SELECT row FROM (
        SELECT search_row AS row FROM output_blocks
        WHERE is_indexed = 0 AND search_row > ${first} AND search_row <= ${from}
        ORDER BY search_row DESC LIMIT ${CANDIDATES}
      ) ORDER BY row DESC LIMIT ${CANDIDATES}
    `);
  for (;;) {
    const rows = select(last);
    for (const { row } of rows) yield row;
    const end = rows.at(-1);
    if (!end || rows.length < CANDIDATES) return;
    last = end.row - 1;
  }
}

/** What was found in the output of a command. */
interface OutputMatch {
  commandRow: number;
  /** The first line with the text in a block; null if the block does not contain it. */
  line: string | null;
}

/**
 * Looks for a text in output, block by block, the newest first. Yields at most one line of each command.
 * @param isWanted whether to look at the output of a command, by its row
 */
export function* findInOutput(
  db: Db,
  text: string,
  rows: Rows,
  isWanted: (commandRow: number) => boolean,
): Generator<OutputMatch, undefined> {
  let found = 0;
  for (const row of listCandidates(db, text, rows)) {
    const commandRow = commandRowOf(row);
    if (commandRow === found || !isWanted(commandRow)) continue;
    const block = db
      .select({ data: blocks.data, checksum: blocks.checksum })
      .from(blocks)
      .innerJoin(transcripts, eq(transcripts.commandId, blocks.commandId))
      .where(and(eq(blocks.searchRow, row), isNull(transcripts.removedAt)))
      .get();
    const line = block ? findLine(readPlainText(block), text) : null;
    if (line !== null) found = commandRow;
    yield { commandRow, line };
  }
}

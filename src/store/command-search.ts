// The full-text index of commands: an FTS5 table of trigrams, which triggers keep up to date (migrations/
// 0013_command_search.sql). It finds the commands that contain the same trigrams as a text; `LIKE` then decides.
import type { Database } from 'bun:sqlite';
import { and, desc, eq, gt, lte, sql } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { commands, commandSearchProgress as progress } from './schema.ts';

/** The length of a trigram in code points. A shorter text cannot be looked up. */
const TRIGRAM = 3;
/** More trigrams hardly ever exclude more commands. */
const MAX_TRIGRAMS = 32;
/** How much is indexed in one transaction: it takes a few milliseconds. */
const BATCH_ROWS = 200;
const BATCH_BYTES = 65_536;
/** Delay after a failure, such as a full disk. */
const RETRY_MS = 1_000;

/** Returns the FTS5 query for commands that may contain a text; null if the text is too short. */
export function createTrigramQuery(text: string): string | null {
  const points = Array.from(text);
  const count = Math.min(points.length - TRIGRAM + 1, MAX_TRIGRAMS);
  if (count < 1) return null;
  const trigrams = Array.from({ length: count }, (_, at) =>
    points.slice(at, at + TRIGRAM).join(''),
  );
  return trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}

/** Returns the last row that is not indexed yet; 0 if all are. */
export function findUnindexed(db: QueryContext['db']): number {
  return db.select().from(progress).get()?.unindexedUpTo ?? 0;
}

/**
 * Indexes the commands of a database without an index, after an upgrade. It pauses between transactions for as long as
 * they take.
 * @param onError called for each failure; indexing continues a second later
 * @returns stops it
 */
export function indexInBackground(
  database: Database,
  db: QueryContext['db'],
  onError: (error: unknown) => void,
) {
  let timer: Timer | undefined;
  // In a transaction of its own, so that no write of a user fails with it.
  const indexNext = database.transaction(() => indexBatch(db));

  function run() {
    const startedAt = performance.now();
    try {
      if (indexNext.immediate()) timer = setTimeout(run, performance.now() - startedAt);
    } catch (error) {
      onError(error);
      timer = setTimeout(run, RETRY_MS);
    }
  }

  if (findUnindexed(db) > 0) timer = setTimeout(run);
  return () => clearTimeout(timer);
}

/** Indexes the newest commands that are not indexed. Returns whether some are left. */
function indexBatch(db: QueryContext['db']): boolean {
  const unindexedUpTo = findUnindexed(db);
  const rows = db
    // SQLite knows the size without reading the text.
    .select({ row: commands.row, bytes: sql<number>`octet_length(${commands.command})` })
    .from(commands)
    .where(lte(commands.row, unindexedUpTo))
    .orderBy(desc(commands.row))
    .limit(BATCH_ROWS)
    .all();
  let total = 0;
  const batch = rows.filter(({ bytes }, index) => {
    total += bytes;
    return index === 0 || total <= BATCH_BYTES;
  });
  const before = (batch.at(-1)?.row ?? 1) - 1;
  db.run(sql`
    INSERT INTO command_search (rowid, command)
    SELECT ${commands.row}, ${commands.command} FROM ${commands}
    WHERE ${and(gt(commands.row, before), lte(commands.row, unindexedUpTo))} ORDER BY ${commands.row}
  `);
  db.update(progress)
    .set({ unindexedUpTo: before })
    .where(eq(progress.unindexedUpTo, unindexedUpTo))
    .run();
  return before > 0;
}

// The full-text index of commands: an FTS5 table of trigrams, which triggers keep up to date (migrations/
// 0013_command_search.sql). It finds the commands that contain the same trigrams as a text; `LIKE` then decides.
import { and, desc, eq, gt, lte, sql } from 'drizzle-orm';
import type { GroupCommit } from './group-commit.ts';
import type { QueryContext } from './query-context.ts';
import { commands, commandSearchProgress as progress } from './schema.ts';

/** The length of a trigram in code points. A shorter text cannot be looked up. */
const TRIGRAM = 3;
/** More trigrams hardly ever exclude more commands. */
const MAX_TRIGRAMS = 32;
/** How much is indexed in one transaction: it takes a few milliseconds. */
const BATCH_ROWS = 200;
const BATCH_LENGTH = 65_536;

/** Returns the FTS5 query for commands that may contain a text; null if the text is too short. */
export function createTrigramQuery(text: string): string | null {
  const points = [...text];
  const count = Math.min(points.length - TRIGRAM + 1, MAX_TRIGRAMS);
  if (count < 1) return null;
  const trigrams = Array.from({ length: count }, (_, at) =>
    points.slice(at, at + TRIGRAM).join(''),
  );
  return trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}

/** Returns the row up to which commands are not indexed yet: 0 once all are. */
export function findUnindexed(db: QueryContext['db']): number {
  return db.select().from(progress).get()?.unindexedUpTo ?? 0;
}

/**
 * Indexes the commands of a database without an index, after an upgrade. It pauses between transactions for as long as
 * they take.
 * @returns stops it
 */
export function indexInBackground(db: QueryContext['db'], { writeDeferred }: GroupCommit) {
  let timer: Timer | undefined;
  let isStopped = false;

  async function run() {
    const startedAt = performance.now();
    let isLeft = true;
    // Tried again if the disk is full.
    await writeDeferred(() => (isLeft = indexBatch(db))).catch(() => undefined);
    if (isLeft && !isStopped) timer = setTimeout(run, performance.now() - startedAt);
  }

  if (findUnindexed(db) > 0) timer = setTimeout(run);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Indexes the newest commands that are not indexed. Returns whether some are left. */
function indexBatch(db: QueryContext['db']): boolean {
  const unindexedUpTo = findUnindexed(db);
  const rows = db
    .select({ row: commands.row, length: sql<number>`length(${commands.command})` })
    .from(commands)
    .where(lte(commands.row, unindexedUpTo))
    .orderBy(desc(commands.row))
    .limit(BATCH_ROWS)
    .all();
  let length = 0;
  const batch = rows.filter((one, index) => {
    length += one.length;
    return index === 0 || length <= BATCH_LENGTH;
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

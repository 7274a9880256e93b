// Finds commands by a text of theirs, with the trigram index of commands if it helps.
import { and, desc, gte, lt, type SQL, sql } from 'drizzle-orm';
import { createFilter } from './command-pages.ts';
import type { Db, QueryContext } from './context.ts';
import { commands } from './schema.ts';
import { INDEX_MS, isLongEnough, type Search, toPattern } from './text-search.ts';

/** How many matches are looked up at once. If there are more, the newest are soon found without the index. */
const FEW = 2_000;
/** The commands that are read one by one in one query: it takes a few milliseconds. */
const PART = 5_000;

/** The commands that were found, the newest first, and from which one on all have been searched; null if from the first. */
interface Result {
  ids: string[];
  searchedTo: string | null;
}

/** Finds at most `limit` commands. */
export async function searchCommands(
  { read, readWithin }: QueryContext,
  { query, agentIds, deadline }: Search,
): Promise<Result> {
  const { limit, cursor } = query;
  const filter = and(createFilter(query, agentIds), contains(query.q));
  const few = isLongEnough(query.q)
    ? await readWithin(INDEX_MS, (db) => createFewQuery(db, and(filter, before(cursor))))
    : null;
  if (few && few.length <= FEW) {
    const ids = few.map(({ id }) => id).toSorted((a, b) => (a < b ? 1 : -1));
    return { ids: ids.slice(0, limit), searchedTo: null };
  }

  const ids: string[] = [];
  let end = cursor;
  while (performance.now() < deadline) {
    const part = and(createFilter(query, agentIds), before(end));
    const [border] = await read((db) => createBorderQuery(db, part));
    const from = border && gte(commands.id, border.id);
    const found = await read((db) =>
      selectIds(db, and(filter, before(end), from), limit - ids.length),
    );
    ids.push(...found.map(({ id }) => id));
    if (ids.length === limit || !border) return { ids, searchedTo: null };
    end = border.id;
  }
  return { ids, searchedTo: end ?? null };
}

const before = (cursor: string | undefined) => (cursor ? lt(commands.id, cursor) : undefined);

/** Exported to test that it uses the index. */
export const createFewQuery = (db: Db, filter: SQL | undefined) =>
  db
    .select({ id: commands.id })
    .from(commands)
    .where(filter)
    .limit(FEW + 1);

/** The command with which a part of the history begins. */
const createBorderQuery = (db: Db, filter: SQL | undefined) =>
  db
    .select({ id: commands.id })
    .from(commands)
    .where(filter)
    .orderBy(desc(commands.id))
    .offset(PART)
    .limit(1);

const selectIds = (db: Db, filter: SQL | undefined, limit: number) =>
  db
    .select({ id: commands.id })
    .from(commands)
    .where(filter)
    .orderBy(desc(commands.id))
    .limit(limit);

/** Whether a command contains a text. The case of a to z is ignored. */
export const contains = (text: string): SQL => sql`${commands.command} ILIKE ${toPattern(text)}`;

// Pages of the command history. Each query follows an index in the order of the page, so that its time depends on the
// length of the page, not of the history. Only a text of less than three characters is looked for in every command.
import {
  and,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNotNull,
  like,
  lt,
  lte,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { CommandPage, CommandQuery } from '../protocol/api.ts';
import { PAGE_LENGTH } from '../protocol/limits.ts';
import { createTrigramQuery, findUnindexed } from './command-search.ts';
import type { QueryContext } from './query-context.ts';
import { commands } from './schema.ts';
import type { StoredCommand } from './store.ts';

/** Before a column: SQLite uses no index for such an expression. */
const WITHOUT_INDEX = '+';

type PageQuery = CommandQuery & { limit: number };

const { row: _, ...commandColumns } = getTableColumns(commands);
/** The columns of a StoredCommand. */
export const storedCommand = commandColumns;

/** Returns a page of the commands of these agents, newest first; null for all agents. */
export function selectPage(
  db: QueryContext['db'],
  query: CommandQuery,
  agentIds: readonly string[] | null = null,
): CommandPage {
  const limit = query.limit ?? PAGE_LENGTH;
  const rows = selectRows(db, { ...query, limit: limit + 1 }, agentIds);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

function selectRows(
  db: QueryContext['db'],
  query: PageQuery,
  agentIds: readonly string[] | null,
): StoredCommand[] {
  const { q, agentId, limit } = query;
  const trigrams = q === undefined ? null : createTrigramQuery(q);
  if (trigrams !== null) return search(db, query, agentIds, trigrams);
  if (agentIds === null || agentId || isNarrow(query)) {
    return createListQuery(db, query, agentIds).all();
  }
  // One index of all these agents would not be in the order of the page.
  return agentIds
    .flatMap((id) => createListQuery(db, { ...query, agentId: id }).all())
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}

/** Commands by ID. Exported to test which indexes it uses. */
export function createListQuery(
  db: QueryContext['db'],
  query: PageQuery,
  agentIds: readonly string[] | null = null,
) {
  return db
    .select(storedCommand)
    .from(commands)
    .where(
      and(createFilter(query, agentIds), query.cursor ? lt(commands.id, query.cursor) : undefined),
    )
    .orderBy(desc(commands.id))
    .limit(query.limit);
}

/** Commands that contain a text, by row: first those in the search index, then those that are not indexed yet. */
function search(
  db: QueryContext['db'],
  query: PageQuery,
  agentIds: readonly string[] | null,
  trigrams: string,
): StoredCommand[] {
  // Read first: commands that are indexed meanwhile are still among those that it excludes.
  const unindexedUpTo = findUnindexed(db);
  const found = createSearchQuery(db, query, agentIds, { trigrams, unindexedUpTo }).all();
  const limit = query.limit - found.length;
  if (unindexedUpTo === 0 || limit === 0) return found;
  const rest = db
    .select(storedCommand)
    .from(commands)
    .where(
      and(
        lte(commands.row, unindexedUpTo),
        isAfterCursor(query, sql`${commands.row}`),
        createFilter(query, agentIds),
      ),
    )
    .orderBy(desc(commands.row))
    .limit(limit)
    .all();
  return [...found, ...rest];
}

/** Indexed commands that contain a text. Exported to test which indexes it uses. */
export function createSearchQuery(
  db: QueryContext['db'],
  query: PageQuery,
  agentIds: readonly string[] | null,
  { trigrams, unindexedUpTo }: { trigrams: string; unindexedUpTo: number },
) {
  return db
    .select(storedCommand)
    .from(sql`command_search`)
    .innerJoin(commands, eq(commands.row, sql`command_search.rowid`))
    .where(
      and(
        sql`command_search MATCH ${trigrams}`,
        gt(sql`command_search.rowid`, unindexedUpTo),
        isAfterCursor(query, sql`command_search.rowid`),
        createFilter(query, agentIds),
      ),
    )
    .orderBy(desc(sql`command_search.rowid`))
    .limit(query.limit);
}

/** Whether a row comes after the last command of the previous page, which may have been deleted since. */
function isAfterCursor({ cursor }: PageQuery, row: SQL): SQL | undefined {
  if (!cursor) return undefined;
  return sql`${row} < coalesce(
    (SELECT row FROM commands WHERE id = ${cursor}),
    (SELECT row + 1 FROM commands WHERE id < ${cursor} ORDER BY id DESC LIMIT 1),
    0
  )`;
}

/** Whether a filter is expected to match fewer commands than the filters by agent and status. */
function isNarrow({ comparisonId, compared, conversationId }: PageQuery): boolean {
  return [comparisonId, compared, conversationId].some(Boolean);
}

function createFilter(query: PageQuery, agentIds: readonly string[] | null): SQL | undefined {
  const prefix = sql.raw(isNarrow(query) ? WITHOUT_INDEX : '');
  const filters = {
    agentId: query.agentId ? sql`${prefix}${eq(commands.agentId, query.agentId)}` : undefined,
    status: query.status ? sql`${prefix}${eq(commands.status, query.status)}` : undefined,
    q: query.q ? contains(query.q) : undefined,
    comparisonId: query.comparisonId ? eq(commands.comparisonId, query.comparisonId) : undefined,
    compared: query.compared ? isNotNull(commands.comparisonId) : undefined,
    conversationId: query.conversationId
      ? eq(commands.conversationId, query.conversationId)
      : undefined,
  } satisfies Record<Exclude<keyof CommandQuery, 'limit' | 'cursor'>, SQL | undefined>;
  return and(
    ...Object.values(filters),
    agentIds
      ? sql`${sql.raw(WITHOUT_INDEX)}${inArray(commands.agentId, [...agentIds])}`
      : undefined,
  );
}

/** Matches commands that contain the text literally: `%` and `_` are not wildcards. */
function contains(text: string): SQL {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql`${like(commands.command, pattern)} ESCAPE '\\'`;
}

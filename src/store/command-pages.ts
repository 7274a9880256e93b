// The queries for pages of the command history, newest first. A page without a text follows an index in its order, so that
// its time depends on the length of the page, not of the history. A text in commands is found with the search index if
// possible.
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
import type { CommandQuery } from '../protocol/api.ts';
import { hasEnded } from '../protocol/command-status.ts';
import { createTrigramQuery, findUnindexed } from './command-search.ts';
import type { QueryContext } from './query-context.ts';
import { commands } from './schema.ts';
import type { StoredCommand } from './store.ts';

/** Before a column: SQLite uses no index for such an expression. */
export const WITHOUT_INDEX = '+';
/** An agent with fewer commands is searched without the search index, which contains those of all agents. */
const FEW_COMMANDS = 2_000;

export type Db = QueryContext['db'];
export type PageQuery = CommandQuery & { limit: number };
export type AgentIds = readonly string[] | null;

/** Rows of the table: from `after`, exclusive, to `upTo`, inclusive. */
export interface Part {
  after: number;
  upTo: number;
}

/** A command that a search has found. */
export interface Found {
  row: number;
  command: StoredCommand;
  /** The line of its output that contains the text; null if the command itself does. */
  line: string | null;
}

export const foundColumns = getTableColumns(commands);
/** The columns of a StoredCommand. */
export const { row: _, ...storedColumns } = foundColumns;

/** Commands of these agents, newest first; null for all agents. */
export function list(db: Db, query: PageQuery, agentIds: AgentIds): StoredCommand[] {
  if (agentIds === null || query.agentId || isNarrow(query)) {
    return createListQuery(db, query, agentIds).all();
  }
  // One index of all these agents would not be in the order of the page.
  const ids = agentIds
    .flatMap((agentId) => createIdQuery(db, { ...query, agentId }).all())
    .map(({ id }) => id)
    .toSorted()
    .slice(-query.limit);
  return db
    .select(storedColumns)
    .from(commands)
    .where(inArray(commands.id, ids))
    .orderBy(desc(commands.id))
    .all();
}

/** Commands by ID. Exported to test which indexes it uses. */
export function createListQuery(db: Db, query: PageQuery, agentIds: AgentIds = null) {
  return db
    .select(storedColumns)
    .from(commands)
    .where(createPageFilter(query, agentIds))
    .orderBy(desc(commands.id))
    .limit(query.limit);
}

function createIdQuery(db: Db, query: PageQuery) {
  return db
    .select({ id: commands.id })
    .from(commands)
    .where(createPageFilter(query, null))
    .orderBy(desc(commands.id))
    .limit(query.limit);
}

export const toFound = ({ row, ...command }: StoredCommand & { row: number }): Found => ({
  row,
  command,
  line: null,
});

/** Searches a part of the history: first the commands that are in the search index, then those that are not yet. */
export function searchPart(
  db: Db,
  query: PageQuery,
  agentIds: AgentIds,
  { after, upTo }: Part,
): Found[] {
  const trigrams = createTrigramQuery(query.q ?? '');
  // Read first: commands that are indexed meanwhile are still among those that are compared one by one.
  const unindexedUpTo = trigrams === null ? upTo : findUnindexed(db);
  const border = Math.min(upTo, Math.max(after, unindexedUpTo));
  const found =
    trigrams === null || border === upTo
      ? []
      : createSearchQuery(db, query, agentIds, { trigrams, after: border, upTo }).all();
  const limit = query.limit - found.length;
  const part = { after, upTo: border };
  const scanned =
    border === after || limit === 0
      ? []
      : createScanQuery(db, { ...query, limit }, agentIds, part).all();
  return [...found, ...scanned].map((command) => toFound(command));
}

/** Commands in the search index. Exported to test which indexes it uses. */
export function createSearchQuery(
  db: Db,
  query: PageQuery,
  agentIds: AgentIds,
  { trigrams, after, upTo }: Part & { trigrams: string },
) {
  const row = sql`command_search.rowid`;
  return db
    .select(foundColumns)
    .from(sql`command_search`)
    .innerJoin(commands, eq(commands.row, row))
    .where(
      and(
        sql`command_search MATCH ${trigrams}`,
        gt(row, after),
        lte(row, upTo),
        createFilter(query, agentIds),
      ),
    )
    .orderBy(desc(row))
    .limit(query.limit);
}

/** All commands of a part, one by one. Exported to test which indexes it uses. */
export function createScanQuery(
  db: Db,
  query: PageQuery,
  agentIds: AgentIds,
  { after, upTo }: Part,
) {
  return db
    .select(foundColumns)
    .from(commands)
    .where(
      and(
        gt(commands.row, after),
        lte(commands.row, upTo),
        createFilter(query, agentIds, WITHOUT_INDEX),
      ),
    )
    .orderBy(desc(commands.row))
    .limit(query.limit);
}

/** The row at which a search begins: after the last command of the previous page, which may have been deleted since. */
export function findLastRow(db: Db, { cursor }: PageQuery): number {
  const newest = db.select({ row: commands.row }).from(commands);
  if (!cursor) return newest.orderBy(desc(commands.row)).limit(1).get()?.row ?? 0;
  const last = db.select({ row: commands.row }).from(commands).where(eq(commands.id, cursor)).get();
  if (last) return last.row - 1;
  return newest.where(lt(commands.id, cursor)).orderBy(desc(commands.id)).limit(1).get()?.row ?? 0;
}

/** Whether a filter is expected to match fewer commands than the filters by agent and status. */
function isNarrow({ comparisonId, compared, conversationId }: CommandQuery): boolean {
  return [comparisonId, compared, conversationId].some(Boolean);
}

/** Whether so few commands match the filters that comparing the text with each is faster than the search index. */
export function hasFewCommands(db: Db, query: CommandQuery): boolean {
  if (isNarrow(query) || (query.status && !hasEnded(query.status))) return true;
  if (!query.agentId) return false;
  const agentsCommands = db
    .select({ id: commands.id })
    .from(commands)
    .where(eq(commands.agentId, query.agentId))
    .limit(FEW_COMMANDS);
  return agentsCommands.all().length < FEW_COMMANDS;
}

function createPageFilter(query: PageQuery, agentIds: AgentIds): SQL | undefined {
  const prefix = isNarrow(query) ? WITHOUT_INDEX : '';
  return and(
    createFilter(query, agentIds, prefix),
    query.cursor ? lt(commands.id, query.cursor) : undefined,
  );
}

/** @param prefix before the columns of the filters by agent and status */
export function createFilter(query: PageQuery, agentIds: AgentIds, prefix = ''): SQL | undefined {
  const before = sql.raw(prefix);
  const filters = {
    agentId: query.agentId ? sql`${before}${eq(commands.agentId, query.agentId)}` : undefined,
    status: query.status ? sql`${before}${eq(commands.status, query.status)}` : undefined,
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

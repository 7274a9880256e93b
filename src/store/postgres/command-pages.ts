// The queries for pages of the command history, newest first, without a text. Each follows an index in its order, so that
// its time depends on the length of the page, not of the history.
import { and, desc, eq, isNotNull, lt, type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { CommandQuery } from '../../protocol/api.ts';
import type { StoredCommand } from '../store.ts';
import { type Db, isOneOf } from './context.ts';
import { commands } from './schema.ts';
import { toTextArray } from './text-encoding.ts';

export type PageQuery = CommandQuery & { limit: number };
export type AgentIds = readonly string[] | null;

/** Conditions on a command, except for a text. */
export function createFilter(query: CommandQuery, agentIds: AgentIds): SQL | undefined {
  const filters = {
    agentId: query.agentId ? eq(commands.agentId, query.agentId) : undefined,
    status: query.status ? eq(commands.status, query.status) : undefined,
    comparisonId: query.comparisonId ? eq(commands.comparisonId, query.comparisonId) : undefined,
    compared: query.compared ? isNotNull(commands.comparisonId) : undefined,
    conversationId: query.conversationId
      ? eq(commands.conversationId, query.conversationId)
      : undefined,
  } satisfies Record<Exclude<keyof CommandQuery, 'limit' | 'cursor' | 'q'>, SQL | undefined>;
  return and(...Object.values(filters), agentIds ? isOneOf(commands.agentId, agentIds) : undefined);
}

/** Commands of these agents, newest first; null for all agents. */
export async function list(db: Db, query: PageQuery, agentIds: AgentIds): Promise<StoredCommand[]> {
  const isNarrow = [query.agentId, query.comparisonId, query.compared, query.conversationId];
  if (agentIds === null || isNarrow.some(Boolean)) return createListQuery(db, query, agentIds);
  return createAgentsQuery(db, query, agentIds);
}

/** Commands by ID. Exported to test which indexes it uses. */
export function createListQuery(db: Db, query: PageQuery, agentIds: AgentIds = null) {
  return db
    .select()
    .from(commands)
    .where(
      and(createFilter(query, agentIds), query.cursor ? lt(commands.id, query.cursor) : undefined),
    )
    .orderBy(desc(commands.id))
    .limit(query.limit);
}

/**
 * Commands of several agents by ID, perhaps with a status. No index of all these agents is in the order of the page, so it
 * is made of one page of each. Each is written as a range of an index: for an equation, the server might follow the IDs of
 * all commands instead. Exported to test which indexes it uses.
 */
export function createAgentsQuery(db: Db, query: PageQuery, agentIds: readonly string[]) {
  const { status, cursor } = query;
  const columns = status ? [commands.agentId, commands.status] : [commands.agentId];
  const values = status ? [sql`agent.id`, sql`${status}`] : [sql`agent.id`];
  const ofAgent = db
    .select()
    .from(commands)
    .where(
      and(
        sql`${row(columns)} >= ${row(values)}`,
        cursor
          ? sql`${row([...columns, commands.id])} < ${row([...values, sql`${cursor}`])}`
          : sql`${row(columns)} <= ${row(values)}`,
      ),
    )
    .orderBy(...columns.map(desc), desc(commands.id))
    .limit(query.limit)
    .as('of_agent');
  return db
    .select(ofAgent._.selectedFields)
    .from(sql`unnest(${toTextArray(agentIds)}::text[]) AS agent(id)`)
    .innerJoinLateral(ofAgent, sql`true`)
    .orderBy(desc(ofAgent.id))
    .limit(query.limit);
}

/** A row of values, which is compared with another one value by value. */
const row = (values: readonly SQLWrapper[]): SQL => sql`(${sql.join([...values], sql`, `)})`;

// What has changed in a database that several hubs share. Triggers note the transaction that changed something last.
import { type SQL, sql } from 'drizzle-orm';
import type { CachedTable, StoreChanges } from '../cluster.ts';
import type { Db } from './context.ts';
import { agentChanges, commands, tableVersions } from './schema.ts';
import { decodeText } from './text-encoding.ts';

/**
 * Lists what was changed by transactions that may not have been visible at the cursor. They become visible in any order, so a
 * cursor is the number of the first transaction that has not ended: all earlier ones are visible to whoever gets the cursor.
 * What later ones have changed is listed again.
 * @param cursor null: nothing is listed
 */
export async function listChanges(db: Db, cursor: string | null): Promise<StoreChanges> {
  // Numbers that this server has not given yet are from another one, from which the database was restored.
  const isSince = (column: SQL) =>
    sql`${column} >= ${cursor}::text::xid8 AND ${column} < pg_snapshot_xmax(pg_current_snapshot())`;
  const isNew = isSince(sql`changed_by`);
  // One statement, so that the cursor and the lists are those of one state of the database.
  const [row] = (await db.execute(sql`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
      (SELECT json_agg(agent_id) FROM ${agentChanges} WHERE ${isNew})::text,
      (SELECT json_agg(name) FROM ${tableVersions} WHERE ${isNew})::text,
      (SELECT json_agg(id ORDER BY ended_by) FROM ${commands} WHERE ${isSince(sql`ended_by`)})::text
  `)) as unknown as [
    cursor: string,
    agentIds: string | null,
    tables: string | null,
    ended: string | null,
  ][];
  if (!row) throw new Error('Assertion failed: the query has one row.');
  const [next, agentIds, tables, ended] = row;
  return {
    cursor: next,
    agentIds: parseList(agentIds).map(decodeText),
    tables: parseList(tables) as CachedTable[],
    endedIds: parseList(ended).map(decodeText),
  };
}

const parseList = (list: string | null): string[] =>
  list === null ? [] : (JSON.parse(list) as string[]);

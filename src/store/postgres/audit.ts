import { and, desc, eq, gte, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { AuditEntry, AuditQuery } from '../../protocol/audit.ts';
import { PAGE_LENGTH } from '../../protocol/limits.ts';
import { mergePage, parseCursor, toClosed, toOpened } from '../audit-pages.ts';
import type { Store } from '../store.ts';
import { type Db, isRowOf, type QueryContext } from './context.ts';
import { audit, connections } from './schema.ts';

/** The audit log: its own table, and the connection log. */
export function createAuditStore({
  readTogether,
  write,
  writeDeferred,
}: QueryContext): Store['audit'] {
  return {
    insert: (...entries) => write(() => Promise.resolve(), ...entries),
    listPage: (query) =>
      readTogether(async (db) => {
        const limit = query.limit ?? PAGE_LENGTH;
        return mergePage(
          limit,
          await selectEntries(db, query, limit + 1),
          await selectSockets(db, query, limit + 1, 'opened'),
          await selectSockets(db, query, limit + 1, 'closed'),
        );
      }),
    async purgeBefore(time, limit) {
      let count = 0;
      await writeDeferred(async (db) => {
        const old = sql`SELECT ctid FROM ${audit} WHERE ${lt(audit.time, time)} LIMIT ${limit}`;
        const deleted = await db.delete(audit).where(isRowOf(old)).returning({ id: audit.id });
        count = deleted.length;
      });
      return count;
    },
  };
}

/** Conditions on the time and the cursor. `key` is the entry's ID, which orders entries of the same time. */
function range({ since, until, cursor }: AuditQuery, time: PgColumn, key: SQL) {
  const last = cursor === undefined ? null : parseCursor(cursor);
  return and(
    since === undefined ? undefined : gte(time, since),
    until === undefined ? undefined : lt(time, until),
    last === null ? undefined : lte(time, last.time),
    last === null ? undefined : or(lt(time, last.time), lt(key, last.id)),
  );
}

/** Entries of the table, newest first. Exported to test which index it uses. */
export function createEntryQuery(db: Db, query: AuditQuery, limit: number) {
  return db
    .select()
    .from(audit)
    .where(
      and(
        range(query, audit.time, sql`${audit.id}`),
        query.actor === undefined ? undefined : eq(audit.actor, query.actor),
        query.action === undefined ? undefined : eq(audit.action, query.action),
        query.target === undefined ? undefined : eq(audit.target, query.target),
      ),
    )
    .orderBy(desc(audit.time), desc(audit.id))
    .limit(limit);
}

const selectEntries = async (db: Db, query: AuditQuery, limit: number): Promise<AuditEntry[]> =>
  await createEntryQuery(db, query, limit);

/** Connections by their start or end, latest first. Exported to test which index it uses. */
export function createSocketQuery(
  db: Db,
  query: AuditQuery,
  limit: number,
  event: 'opened' | 'closed',
) {
  const time = event === 'opened' ? connections.connectedAt : connections.disconnectedAt;
  return db
    .select()
    .from(connections)
    .where(
      and(
        gte(time, 0),
        range(query, time, sql`${connections.id} || ${`.${event}`}::text`),
        query.actor === undefined ? undefined : eq(connections.peer, query.actor),
      ),
    )
    .orderBy(desc(time), desc(connections.id))
    .limit(limit);
}

async function selectSockets(
  db: Db,
  query: AuditQuery,
  limit: number,
  event: 'opened' | 'closed',
): Promise<AuditEntry[]> {
  const isWanted = (query.action ?? `socket.${event}`) === `socket.${event}`;
  if (!isWanted || query.target !== undefined) return [];
  const found = await createSocketQuery(db, query, limit, event);
  return found.map(event === 'opened' ? toOpened : toClosed);
}

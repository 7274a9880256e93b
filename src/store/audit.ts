import { and, desc, eq, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { AuditEntry, AuditPage, AuditQuery } from '../protocol/audit.ts';
import { PAGE_LENGTH } from '../protocol/limits.ts';
import { mergePage, parseCursor, toClosed, toOpened } from './audit-pages.ts';
import type { QueryContext } from './query-context.ts';
import { audit, connections } from './schema.ts';
import type { Store } from './store.ts';

/** Prepares the insertion of an entry, which is part of almost every write of a user. */
export function createAuditInsert(db: QueryContext['db']): (entry: AuditEntry) => void {
  const insert = db
    .insert(audit)
    .values({
      id: sql.placeholder('id'),
      time: sql.placeholder('time'),
      actorKind: sql.placeholder('actorKind'),
      actor: sql.placeholder('actor'),
      credentialId: sql.placeholder('credentialId'),
      address: sql.placeholder('address'),
      action: sql.placeholder('action'),
      target: sql.placeholder('target'),
      detail: sql.placeholder('detail'),
    })
    .prepare();
  return (entry) => insert.run(entry);
}

/** The audit log: its own table, and the connection log. */
export function createAuditStore({ db, read, write, writeDeferred }: QueryContext): Store['audit'] {
  /** Conditions on the time and the cursor. `key` is the entry's ID, which orders entries of the same time. */
  function range({ since, until, cursor }: AuditQuery, time: SQLiteColumn, key: SQL) {
    const last = cursor === undefined ? null : parseCursor(cursor);
    return and(
      since === undefined ? undefined : gte(time, since),
      until === undefined ? undefined : lt(time, until),
      last === null ? undefined : lte(time, last.time),
      last === null ? undefined : or(lt(time, last.time), lt(key, last.id)),
    );
  }

  function selectEntries(query: AuditQuery, limit: number): AuditEntry[] {
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
      .limit(limit)
      .all();
  }

  function selectSockets(
    query: AuditQuery,
    limit: number,
    event: 'opened' | 'closed',
  ): AuditEntry[] {
    const isWanted = (query.action ?? `socket.${event}`) === `socket.${event}`;
    if (!isWanted || query.target !== undefined) return [];
    const time = event === 'opened' ? connections.connectedAt : connections.disconnectedAt;
    return db
      .select()
      .from(connections)
      .where(
        and(
          gte(time, 0),
          range(query, time, sql`${connections.id} || ${`.${event}`}`),
          query.actor === undefined ? undefined : eq(connections.peer, query.actor),
        ),
      )
      .orderBy(desc(time), desc(connections.id))
      .limit(limit)
      .all()
      .map(event === 'opened' ? toOpened : toClosed);
  }

  function selectPage(query: AuditQuery): AuditPage {
    const limit = query.limit ?? PAGE_LENGTH;
    return mergePage(
      limit,
      selectEntries(query, limit + 1),
      selectSockets(query, limit + 1, 'opened'),
      selectSockets(query, limit + 1, 'closed'),
    );
  }

  return {
    insert: (...entries) => write(() => undefined, ...entries),
    listPage: (query) => read(() => selectPage(query)),
    async purgeBefore(time, limit) {
      const rowid = sql<number>`rowid`;
      const old = db.select({ rowid }).from(audit).where(lt(audit.time, time)).limit(limit);
      let count = 0;
      await writeDeferred(() => {
        const rows = old.all().map((row) => row.rowid);
        db.delete(audit).where(inArray(rowid, rows)).run();
        count = rows.length;
      });
      return count;
    },
  };
}

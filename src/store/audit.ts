import { and, desc, eq, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { AuditEntry, AuditPage, AuditQuery } from '../protocol/audit.ts';
import { PAGE_LENGTH } from '../protocol/limits.ts';
import type { QueryContext } from './query-context.ts';
import { audit, connections } from './schema.ts';
import type { Store, StoredConnection } from './store.ts';

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
    const [cursorTime = '', ...rest] = cursor?.split('_') ?? [];
    return and(
      since === undefined ? undefined : gte(time, since),
      until === undefined ? undefined : lt(time, until),
      cursor === undefined ? undefined : lte(time, Number(cursorTime)),
      cursor === undefined ? undefined : or(lt(time, Number(cursorTime)), lt(key, rest.join('_'))),
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
    const entries = [
      ...selectEntries(query, limit + 1),
      ...selectSockets(query, limit + 1, 'opened'),
      ...selectSockets(query, limit + 1, 'closed'),
    ].toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1));
    const items = entries.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: last && entries.length > limit ? `${last.time}_${last.id}` : null };
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

function toOpened(connection: StoredConnection): AuditEntry {
  const { id, kind, peer, connectedAt, clientInfo, credentialId, address } = connection;
  return {
    id: `${id}.opened`,
    time: connectedAt,
    actorKind: kind === 'agent' ? 'agent' : 'user',
    actor: peer,
    credentialId,
    address,
    action: 'socket.opened',
    target: null,
    detail: clientInfo ?? {},
  };
}

function toClosed(connection: StoredConnection): AuditEntry {
  const { id, disconnectedAt, closeCode, closeReason } = connection;
  return {
    ...toOpened(connection),
    id: `${id}.closed`,
    time: disconnectedAt ?? 0,
    action: 'socket.closed',
    detail: { code: closeCode, reason: closeReason },
  };
}

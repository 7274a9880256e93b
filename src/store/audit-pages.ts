// Pages of the audit log, which consist of its own entries and those of the connection log. The same in all databases.
import type { AuditEntry, AuditPage } from '../protocol/audit.ts';
import type { StoredConnection } from './store.ts';

/** Where a page begins: after the entry with this time and ID. */
export interface AuditPosition {
  time: number;
  id: string;
}

export function parseCursor(cursor: string): AuditPosition {
  const [time = '', ...id] = cursor.split('_');
  return { time: Number(time), id: id.join('_') };
}

/** Creates a page of entries from several sources. Each has at least `limit + 1` of its own, if there are as many. */
export function mergePage(limit: number, ...sources: AuditEntry[][]): AuditPage {
  const entries = sources.flat().toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1));
  const items = entries.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last && entries.length > limit ? `${last.time}_${last.id}` : null };
}

export function toOpened(connection: StoredConnection): AuditEntry {
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

export function toClosed(connection: StoredConnection): AuditEntry {
  const { id, disconnectedAt, closeCode, closeReason } = connection;
  return {
    ...toOpened(connection),
    id: `${id}.closed`,
    time: disconnectedAt ?? 0,
    action: 'socket.closed',
    detail: { code: closeCode, reason: closeReason },
  };
}

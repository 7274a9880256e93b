import { and, eq, inArray, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { QueryContext } from './query-context.ts';
import {
  agents,
  agentTokens,
  apiTokens,
  approvals,
  audit,
  commands,
  connections,
  users,
} from './schema.ts';
import type { Store } from './store.ts';

/** The accounts that can sign in. */
export function createUserStore({ db, read, write }: QueryContext): Store['users'] {
  /** Changes at most `limit` rows in which a column has a value. Returns how many. */
  function replace(
    table: SQLiteTable,
    column: SQLiteColumn,
    value: string,
    changes: Record<string, unknown>,
    limit: number,
  ): number {
    const rowid = sql<number>`rowid`;
    const isOfUser =
      table === connections
        ? and(eq(column, value), eq(connections.kind, 'dashboard'))
        : eq(column, value);
    const rows = db.select({ rowid }).from(table).where(isOfUser).limit(limit).all();
    if (rows.length === 0) return 0;
    const ids = rows.map((row) => row.rowid);
    db.update(table).set(changes).where(inArray(rowid, ids)).run();
    return rows.length;
  }

  return {
    list: () => read(() => db.select().from(users).orderBy(users.id).all()),
    find: (id) => read(() => db.select().from(users).where(eq(users.id, id)).get()),
    insert: (user, entry) => write(() => db.insert(users).values(user).run(), entry),
    update: (id, changes, entry) =>
      write(() => db.update(users).set(changes).where(eq(users.id, id)).run(), entry),
    remove: (id, entry) =>
      write(() => {
        db.delete(users).where(eq(users.id, id)).run();
        db.delete(apiTokens).where(eq(apiTokens.userId, id)).run();
      }, entry),
    async erase(id, name, limit) {
      let count = 0;
      await write(() => {
        count =
          replace(commands, commands.requestedBy, id, { requestedBy: name }, limit) +
          replace(approvals, approvals.resolvedBy, id, { resolvedBy: name }, limit) +
          replace(agents, agents.createdBy, id, { createdBy: name }, limit) +
          replace(agentTokens, agentTokens.createdBy, id, { createdBy: name }, limit) +
          replace(connections, connections.peer, id, { peer: name, clientInfo: null }, limit) +
          replace(audit, audit.actor, id, { actor: name, address: null }, limit) +
          replace(audit, audit.target, id, { target: name }, limit);
      });
      return count;
    },
  };
}

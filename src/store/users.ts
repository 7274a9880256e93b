import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { QueryContext } from './query-context.ts';
import {
  agents,
  agentTokens,
  apiTokens,
  approvals,
  audit,
  commands,
  connections,
  savedPrompts,
  users,
} from './schema.ts';
import type { Store } from './store.ts';

/** The accounts that can sign in. */
export function createUserStore({ db, read, write }: QueryContext): Store['users'] {
  /** Changes at most `limit` rows, and returns how many. Large tables need an index for `isOfUser`. */
  function replace(
    table: SQLiteTable,
    isOfUser: SQL | undefined,
    changes: Record<string, unknown>,
    limit: number,
  ): number {
    const rowid = sql<number>`rowid`;
    const rows = db.select({ rowid }).from(table).where(isOfUser).limit(limit).all();
    if (rows.length === 0) return 0;
    const ids = rows.map((row) => row.rowid);
    db.update(table).set(changes).where(inArray(rowid, ids)).run();
    return rows.length;
  }

  /** Replaces a name in the filters of at most `limit` exports of the audit log. */
  function replaceFilter(field: 'actor' | 'target', id: string, name: string, limit: number) {
    // An index is used only if the query contains its expression and its condition literally.
    const hasName = sql`detail ->> ${sql.raw(`'${field}'`)} = ${id} AND action = 'audit.exported'`;
    const detail = sql`json_set(detail, ${`$.${field}`}, ${name})`;
    return replace(audit, hasName, { detail }, limit);
  }

  return {
    list: () => read(() => db.select().from(users).orderBy(users.id).all()),
    find: (id) => read(() => db.select().from(users).where(eq(users.id, id)).get()),
    insert: (user, entry) => write(() => db.insert(users).values(user).run(), entry),
    update: (id, changes, entry) =>
      write(() => db.update(users).set(changes).where(eq(users.id, id)).run(), entry),
    async replaceTwoFactor(id, expected, twoFactor) {
      let isReplaced = false;
      await write(() => {
        const isExpected = and(eq(users.id, id), eq(users.twoFactor, expected));
        const changed = db.update(users).set({ twoFactor }).where(isExpected).returning().all();
        isReplaced = changed.length > 0;
      });
      return isReplaced;
    },
    remove: (id, entry) =>
      write(() => {
        db.delete(users).where(eq(users.id, id)).run();
        db.delete(apiTokens).where(eq(apiTokens.userId, id)).run();
        db.delete(savedPrompts).where(eq(savedPrompts.userId, id)).run();
      }, entry),
    async erase(id, name, limit) {
      let count = 0;
      await write(() => {
        count =
          replace(commands, eq(commands.requestedBy, id), { requestedBy: name }, limit) +
          replace(commands, eq(commands.editedBy, id), { editedBy: name }, limit) +
          replace(approvals, eq(approvals.resolvedBy, id), { resolvedBy: name }, limit) +
          replace(agents, eq(agents.createdBy, id), { createdBy: name }, limit) +
          replace(
            agents,
            sql`paused ->> 'by' = ${id}`,
            { paused: sql`json_set(paused, '$.by', ${name})` },
            limit,
          ) +
          replace(agentTokens, eq(agentTokens.createdBy, id), { createdBy: name }, limit) +
          replace(
            connections,
            and(eq(connections.peer, id), eq(connections.kind, 'dashboard')),
            { peer: name, clientInfo: null, address: null },
            limit,
          ) +
          replace(audit, eq(audit.actor, id), { actor: name, address: null }, limit) +
          replace(audit, eq(audit.target, id), { target: name }, limit) +
          replaceFilter('actor', id, name, limit) +
          replaceFilter('target', id, name, limit);
      });
      return count;
    },
  };
}

import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Store } from '../store.ts';
import { type Db, isRowOf, type QueryContext } from './context.ts';
import {
  agents,
  agentTokens,
  apiTokens,
  approvals,
  audit,
  commands,
  connections,
  requestKeys,
  savedPrompts,
  users,
} from './schema.ts';

/** The accounts that can sign in. */
export function createUserStore({ read, write }: QueryContext): Store['users'] {
  return {
    list: () => read((db) => db.select().from(users).orderBy(users.id)),
    find: (id) =>
      read(async (db) => {
        const [found] = await db.select().from(users).where(eq(users.id, id));
        return found;
      }),
    insert: (user, entry) => write((db) => db.insert(users).values(user), entry),
    update: (id, changes, entry) =>
      write((db) => db.update(users).set(changes).where(eq(users.id, id)), entry),
    async replaceTwoFactor(id, expected, twoFactor) {
      let isReplaced = false;
      await write(async (db) => {
        const isExpected = and(eq(users.id, id), eq(users.twoFactor, expected));
        const one = sql<number>`1`;
        const changed = await db
          .update(users)
          .set({ twoFactor })
          .where(isExpected)
          .returning({ one });
        isReplaced = changed.length > 0;
      });
      return isReplaced;
    },
    remove: (id, entry) =>
      write(async (db) => {
        await db.delete(users).where(eq(users.id, id));
        await db.delete(apiTokens).where(eq(apiTokens.userId, id));
        await db.delete(savedPrompts).where(eq(savedPrompts.userId, id));
      }, entry),
    async erase(id, name, limit) {
      let count = 0;
      await write(async (db) => {
        count = await erase(db, id, name, limit);
      });
      return count;
    },
  };
}

/** Replaces a name in at most `limit` rows of each table. Returns how many rows were changed. */
async function erase(db: Db, id: string, name: string, limit: number): Promise<number> {
  let count = 0;
  const one = sql<number>`1`;

  async function replace(
    table: PgTable,
    isOfUser: SQL | undefined,
    changes: Record<string, unknown>,
  ) {
    const rows = sql`SELECT ctid FROM ${table} WHERE ${isOfUser} LIMIT ${limit}`;
    const changed = await db.update(table).set(changes).where(isRowOf(rows)).returning({ one });
    count += changed.length;
  }

  const setKey = (column: SQL, key: string) =>
    sql`jsonb_set(${column}::jsonb, ${`{${key}}`}::text[], to_jsonb(${name}::text))::text`;
  /** Replaces a name in the filters of exports of the audit log. */
  async function replaceFilter(field: 'actor' | 'target') {
    // An index is used only if the query contains its expression and its condition literally.
    const hasName = sql`detail::json ->> ${sql.raw(`'${field}'`)} = ${id} AND action = 'audit.exported'`;
    await replace(audit, hasName, { detail: setKey(sql`detail`, field) });
  }

  await replace(commands, eq(commands.requestedBy, id), { requestedBy: name });
  const keys = sql`SELECT ctid FROM ${requestKeys} WHERE ${eq(requestKeys.requestedBy, id)} LIMIT ${limit}`;
  count += (await db.delete(requestKeys).where(isRowOf(keys)).returning({ one })).length;
  await replace(commands, eq(commands.editedBy, id), { editedBy: name });
  await replace(approvals, eq(approvals.resolvedBy, id), { resolvedBy: name });
  await replace(agents, eq(agents.createdBy, id), { createdBy: name });
  await replace(agents, sql`paused::json ->> 'by' = ${id}`, {
    paused: setKey(sql`paused`, 'by'),
  });
  await replace(agentTokens, eq(agentTokens.createdBy, id), { createdBy: name });
  await replace(connections, and(eq(connections.peer, id), eq(connections.kind, 'dashboard')), {
    peer: name,
    clientInfo: null,
    address: null,
  });
  await replace(audit, eq(audit.actor, id), { actor: name, address: null });
  await replace(audit, eq(audit.target, id), { target: name });
  await replaceFilter('actor');
  await replaceFilter('target');
  return count;
}

import { desc, eq, isNull, lt, sql } from 'drizzle-orm';
import type { Store } from '../store.ts';
import { isRowOf, type QueryContext } from './context.ts';
import { connections } from './schema.ts';

/** The connection log. */
export function createConnectionStore({
  read,
  write,
  writeDeferred,
}: QueryContext): Store['connections'] {
  return {
    insert: (connection) => writeDeferred((db) => db.insert(connections).values(connection)),
    markClosed: (id, time, closeCode, closeReason) =>
      writeDeferred((db) =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(eq(connections.id, id)),
      ),
    markAllClosed: (time, closeCode, closeReason) =>
      write((db) =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(isNull(connections.disconnectedAt)),
      ),
    list: (limit, cursor) =>
      read((db) =>
        db
          .select()
          .from(connections)
          .where(cursor === undefined ? undefined : lt(connections.id, cursor))
          .orderBy(desc(connections.id))
          .limit(limit),
      ),
    async purgeBefore(time, limit) {
      let count = 0;
      await writeDeferred(async (db) => {
        const old = sql`SELECT ctid FROM ${connections} WHERE ${lt(connections.disconnectedAt, time)} LIMIT ${limit}`;
        const deleted = await db
          .delete(connections)
          .where(isRowOf(old))
          .returning({ id: connections.id });
        count = deleted.length;
      });
      return count;
    },
  };
}

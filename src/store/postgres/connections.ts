import { and, desc, eq, getTableColumns, isNull, lt, notExists, or, sql } from 'drizzle-orm';
import type { Store } from '../store.ts';
import { isRowOf, type QueryContext } from './context.ts';
import { isHubAlive } from './hubs.ts';
import { connections, hubs } from './schema.ts';

const { hubId: _, ...columns } = getTableColumns(connections);

/** The connection log. */
export function createConnectionStore({
  read,
  write,
  writeDeferred,
}: QueryContext): Store['connections'] {
  return {
    insert: (connection, hubId) =>
      writeDeferred((db) => db.insert(connections).values({ ...connection, hubId })),
    markClosed: (id, time, closeCode, closeReason) =>
      writeDeferred((db) =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(eq(connections.id, id)),
      ),
    markAllClosed: (time, closeCode, closeReason) =>
      write((db) => {
        const living = db
          .select({ one: sql`1` })
          .from(hubs)
          .where(and(eq(hubs.hubId, connections.hubId), isHubAlive));
        return db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(
            and(
              isNull(connections.disconnectedAt),
              or(isNull(connections.hubId), notExists(living)),
            ),
          );
      }),
    list: (limit, cursor) =>
      read((db) =>
        db
          .select(columns)
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

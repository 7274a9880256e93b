import { desc, eq, inArray, isNull, lt } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { connections } from './schema.ts';
import type { Store } from './store.ts';

/** The audit log of connections. */
export function createConnectionStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['connections'] {
  return {
    insert: (connection) => writeDeferred(() => db.insert(connections).values(connection).run()),
    markClosed: (id, time, closeCode, closeReason) =>
      writeDeferred(() =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(eq(connections.id, id))
          .run(),
      ),
    markAllClosed: (time, closeCode, closeReason) =>
      write(() =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(isNull(connections.disconnectedAt))
          .run(),
      ),
    list: (limit, cursor) =>
      read(() =>
        db
          .select()
          .from(connections)
          .where(cursor === undefined ? undefined : lt(connections.id, cursor))
          .orderBy(desc(connections.id))
          .limit(limit)
          .all(),
      ),
    async purgeBefore(time, limit) {
      const old = db
        .select({ id: connections.id })
        .from(connections)
        .where(lt(connections.disconnectedAt, time))
        .limit(limit);
      let count = 0;
      await writeDeferred(() => {
        const ids = old.all().map(({ id }) => id);
        db.delete(connections).where(inArray(connections.id, ids)).run();
        count = ids.length;
      });
      return count;
    },
  };
}

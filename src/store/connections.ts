import { eq, lt } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { connections } from './schema.ts';
import type { Store } from './store.ts';

/** The audit log of connections. */
export function createConnectionStore({ db, writeDeferred }: QueryContext): Store['connections'] {
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
    purgeBefore: (time) =>
      writeDeferred(() => db.delete(connections).where(lt(connections.connectedAt, time)).run()),
  };
}

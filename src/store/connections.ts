import { eq, lt } from 'drizzle-orm';
import { connections } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** The log of who was connected when, for audits. */
export function createConnections({ db, writeSoon }: Access): Store['connections'] {
  return {
    opened: (connection) => writeSoon(() => db.insert(connections).values(connection).run()),
    closed: (id, time, closeCode, closeReason) =>
      writeSoon(() =>
        db
          .update(connections)
          .set({ disconnectedAt: time, closeCode, closeReason })
          .where(eq(connections.id, id))
          .run(),
      ),
    purgeBefore: (time) =>
      writeSoon(() => db.delete(connections).where(lt(connections.connectedAt, time)).run()),
  };
}

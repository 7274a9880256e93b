import { eq } from 'drizzle-orm';
import type { Store } from '../store.ts';
import { isOneOf, type QueryContext } from './context.ts';
import { sessions } from './schema.ts';

/** The sessions of signed-in users. */
export function createSessionStore({
  read,
  write,
  writeDeferred,
}: QueryContext): Store['sessions'] {
  return {
    list: () => read((db) => db.select().from(sessions).orderBy(sessions.createdAt)),
    insert: (session, entry) => write((db) => db.insert(sessions).values(session), entry),
    touch: (id, lastSeenAt) =>
      writeDeferred((db) => db.update(sessions).set({ lastSeenAt }).where(eq(sessions.id, id))),
    remove: (ids, entries = []) =>
      write((db) => db.delete(sessions).where(isOneOf(sessions.id, ids)), ...entries),
  };
}

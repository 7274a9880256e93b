import { eq, inArray } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { sessions } from './schema.ts';
import type { Store } from './store.ts';

/** The sessions of signed-in users. */
export function createSessionStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['sessions'] {
  return {
    list: () => read(() => db.select().from(sessions).orderBy(sessions.createdAt).all()),
    insert: (session, entry) => write(() => db.insert(sessions).values(session).run(), entry),
    touch: (id, lastSeenAt) =>
      writeDeferred(() => db.update(sessions).set({ lastSeenAt }).where(eq(sessions.id, id)).run()),
    remove: (ids, entries = []) =>
      write(
        () =>
          db
            .delete(sessions)
            .where(inArray(sessions.id, [...ids]))
            .run(),
        ...entries,
      ),
  };
}

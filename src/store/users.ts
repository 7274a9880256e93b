import { eq } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { users } from './schema.ts';
import type { Store } from './store.ts';

/** The accounts that can sign in. */
export function createUserStore({ db, read, write }: QueryContext): Store['users'] {
  return {
    list: () => read(() => db.select().from(users).orderBy(users.id).all()),
    find: (id) => read(() => db.select().from(users).where(eq(users.id, id)).get()),
    insert: (user, entry) => write(() => db.insert(users).values(user).run(), entry),
    update: (id, changes, entry) =>
      write(() => db.update(users).set(changes).where(eq(users.id, id)).run(), entry),
    remove: (id, entry) => write(() => db.delete(users).where(eq(users.id, id)).run(), entry),
  };
}

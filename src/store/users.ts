import { count, eq } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { users } from './schema.ts';
import type { Store } from './store.ts';

/** The accounts that can sign in. */
export function createUserStore({ db, read, write }: QueryContext): Store['users'] {
  return {
    count: () => read(() => db.select({ n: count() }).from(users).get()?.n ?? 0),
    find: (id) => read(() => db.select().from(users).where(eq(users.id, id)).get()),
    insert: (user) => write(() => db.insert(users).values(user).run()),
  };
}

import { count, eq } from 'drizzle-orm';
import { users } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** The people who may log in. */
export function createUsers({ db, read, write }: Access): Store['users'] {
  return {
    count: () => read(() => db.select({ n: count() }).from(users).get()?.n ?? 0),
    find: (id) => read(() => db.select().from(users).where(eq(users.id, id)).get()),
    insert: (user) => write(() => db.insert(users).values(user).run()),
  };
}

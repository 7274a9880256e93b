import { count, eq } from 'drizzle-orm';
import { users } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** The people who may log in. */
export function createUsers({ db, read, write }: Access): Store['users'] {
  return {
    count: () => read(() => db.select({ n: count() }).from(users).get()?.n ?? 0),
    findByName: (username) =>
      read(() => db.select().from(users).where(eq(users.username, username)).get()),
    insert: (user) => write(() => db.insert(users).values(user).run()),
  };
}

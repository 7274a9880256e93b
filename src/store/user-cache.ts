// The users in memory. Every request and every sign-in looks its user up, and must not wait for a long query or see a user
// as it was before a change that has been committed.
import type { Store, StoredUser } from './store.ts';

/** Reads all users, and answers `find` and `list` from memory from then on. A change is visible once it is committed. */
export async function cacheUsers(users: Store['users']): Promise<Store['users']> {
  const byId = new Map((await users.list()).map((user): [string, StoredUser] => [user.id, user]));
  return {
    list: () => Promise.resolve([...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))),
    find: (id) => Promise.resolve(byId.get(id)),
    async insert(user, entry) {
      await users.insert(user, entry);
      byId.set(user.id, user);
    },
    async update(id, changes, entry) {
      await users.update(id, changes, entry);
      const user = byId.get(id);
      if (user) byId.set(id, { ...user, ...changes });
    },
    async remove(id, entry) {
      await users.remove(id, entry);
      byId.delete(id);
    },
    erase: users.erase,
  };
}

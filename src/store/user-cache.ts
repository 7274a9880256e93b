// The users in memory. Every request and every sign-in looks its user up, and must not wait for a long query or see a user
// as it was before a change that has been committed.
import { createPendingWrites } from './pending-writes.ts';
import type { Store, StoredUser } from './store.ts';

/**
 * Reads all users, and answers `find` and `list` from memory from then on. A change is visible once it is committed, one of
 * another hub after `reload`.
 */
export async function cacheUsers(users: Store['users']): Promise<Store['users']> {
  const byId = new Map<string, StoredUser>();
  const writes = createPendingWrites();

  const reload = () =>
    writes.reload<StoredUser>({
      list: users.list,
      idOf: ({ id }) => id,
      apply(rows, isGone) {
        for (const id of byId.keys()) if (isGone(id)) byId.delete(id);
        for (const user of rows) byId.set(user.id, user);
      },
    });

  function change(id: string, changes: Partial<StoredUser>) {
    const user = byId.get(id);
    if (user) byId.set(id, { ...user, ...changes });
  }

  await reload();
  return {
    list: () => Promise.resolve([...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))),
    find: (id) => Promise.resolve(byId.get(id)),
    async insert(user, entry) {
      await writes.during([user.id], users.insert(user, entry));
      byId.set(user.id, user);
    },
    async update(id, changes, entry) {
      await writes.during([id], users.update(id, changes, entry));
      change(id, changes);
    },
    async replaceTwoFactor(id, expected, twoFactor) {
      const replaced = users.replaceTwoFactor(id, expected, twoFactor);
      const isReplaced = await writes.during([id], replaced);
      if (isReplaced) change(id, { twoFactor });
      return isReplaced;
    },
    async remove(id, entry) {
      await writes.during([id], users.remove(id, entry));
      byId.delete(id);
    },
    erase: users.erase,
    reload,
  };
}

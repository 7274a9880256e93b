// Users in memory that another hub changes while this one does.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store, StoredUser } from '../../src/store/store.ts';
import { cacheUsers } from '../../src/store/user-cache.ts';
import { createFaultStore, type FaultStore } from '../support/hub/fault-store.ts';

const user = (id: string, fields: Partial<StoredUser> = {}): StoredUser => ({
  id,
  passwordHash: null,
  role: 'viewer',
  agents: null,
  createdAt: 1,
  disabledAt: null,
  twoFactor: null,
  identity: null,
  ...fields,
});

let store: FaultStore;
/** Lets the list that has been read arrive. */
let arrive: PromiseWithResolvers<void> | null;
let users: Store['users'];

beforeEach(async () => {
  store = createFaultStore(openStore(':memory:'));
  arrive = null;
  await store.users.insert(user('ada'));
  users = await cacheUsers({
    ...store.users,
    async list() {
      const rows = await store.users.list();
      await arrive?.promise;
      return rows;
    },
  });
});
afterEach(() => store.close());

async function reload() {
  if (!users.reload) throw new Error('The users are not in memory.');
  return users.reload();
}
const list = async () => (await users.list()).map(({ id, role }) => `${id} ${role}`);

test('what another hub has changed is known after a reload', async () => {
  await store.users.update('ada', { role: 'admin' });
  await store.users.insert(user('bob'));
  expect(await list()).toEqual(['ada viewer']);
  expect(await reload()).toEqual({ again: null });
  expect(await list()).toEqual(['ada admin', 'bob viewer']);
  await store.users.remove('ada');
  await reload();
  expect(await list()).toEqual(['bob viewer']);
});

test('what this hub writes after the list was read is kept', async () => {
  await users.insert(user('eve'));
  arrive = Promise.withResolvers();
  const reloading = reload();
  await users.insert(user('bob'));
  await users.update('ada', { role: 'admin' });
  await users.remove('eve');
  arrive.resolve();
  const { again } = await reloading;
  expect(await list()).toEqual(['ada admin', 'bob viewer']);
  await again;
  expect(await reload()).toEqual({ again: null });
  expect(await list()).toEqual(['ada admin', 'bob viewer']);
});

test('a user that this hub is writing is read again once that has failed', async () => {
  store.hold((call) => call === 'users.update');
  const failing = users.update('ada', { role: 'operator' }).catch(() => 'failed');
  await store.waitForFault('users.update');
  await store.users.remove('ada');
  await store.users.insert(user('ada', { role: 'admin' }));
  const { again } = await reload();
  expect(await list()).toEqual(['ada viewer']);
  store.fail((call) => call === 'users.update');
  store.release();
  expect(await failing).toBe('failed');
  await again;
  expect(await reload()).toEqual({ again: null });
  expect(await list()).toEqual(['ada admin']);
});

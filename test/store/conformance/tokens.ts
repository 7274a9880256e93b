// The rules for Store.agentTokens and Store.apiTokens.
import { describe, expect, test } from 'bun:test';
import type {
  Store,
  StoredAgentToken,
  StoredApiToken,
  StoredToken,
  TokenTable,
} from '../../../src/store/store.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const common = { id: 't1', tokenHash: 'h', createdAt: 1, expiresAt: 100, lastUsedAt: null };
const agentToken: StoredAgentToken = { ...common, agentId: 'b', name: 'laptop', createdBy: 'ada' };
const apiToken: StoredApiToken = {
  ...common,
  userId: 'ada',
  name: 'build',
  scope: 'operator',
  lastAddress: null,
};

export function describeTokens(db: StoreUnderTest) {
  describeTable('agent tokens', db, ({ agentTokens }) => agentTokens, agentToken, {
    ...agentToken,
    id: 't2',
    createdAt: 2,
    name: null,
    expiresAt: null,
  });
  describeTable('API tokens', db, ({ apiTokens }) => apiTokens, apiToken, {
    ...apiToken,
    id: 't2',
    createdAt: 2,
    lastAddress: '192.0.2.1',
    lastUsedAt: 5,
  });

  test('the API tokens of a user are removed with the user', async () => {
    await db.store.apiTokens.insert(apiToken);
    await db.store.apiTokens.insert({ ...apiToken, id: 't2', userId: 'bob' });
    await db.store.users.remove('ada');
    await db.reopen();
    expect((await db.store.apiTokens.list()).map(({ id }) => id)).toEqual(['t2']);
  });
}

function describeTable<T extends StoredToken>(
  name: string,
  db: StoreUnderTest,
  tableOf: (store: Store) => TokenTable<T>,
  token: T,
  other: T,
) {
  describe(name, () => {
    const table = () => tableOf(db.store);

    test('keep every field, and their last use', async () => {
      await table().insert(other);
      await table().insert(token);
      await table().update('t1', { lastUsedAt: 50 } as Partial<T>);
      await table().update('unknown', { lastUsedAt: 50 } as Partial<T>);
      await db.reopen();
      expect(await table().list()).toEqual([{ ...token, lastUsedAt: 50 }, other]);
    });

    test('are removed', async () => {
      for (const id of ['t1', 't2', 't3']) await table().insert({ ...token, id });
      await table().remove(['t1', 't3', 'unknown']);
      await table().remove([]);
      await db.reopen();
      expect((await table().list()).map(({ id }) => id)).toEqual(['t2']);
    });
  });
}

// The keys that sign session tokens, shared by hubs in a PostgreSQL database.
import type { SharedStore } from '../../src/store/cluster.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { createSharedKeys } from '../../src/cli/key-storage.ts';
import type { Identity } from '../../src/hub/state/dashboard.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { createSigningKeys } from '../../src/web/signing-keys.ts';
import { createTokens } from '../../src/web/tokens.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createMigratedDatabase } from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';

const DAY = 86_400_000;

let server: PostgresServer;
let migrated: string;
let clock: ManualClock;
let stores: SharedStore[];

beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
});
afterAll(() => server.remove());
beforeEach(async () => {
  clock = createManualClock();
  const url = await server.createDatabase(migrated);
  stores = await Promise.all([createPostgresStore(url), createPostgresStore(url)]);
});
afterEach(async () => {
  for (const store of stores) await store.close();
});

/** Reads the keys as one of the hubs. @param file the file of its data folder */
async function start(hub: 0 | 1, file: string | null = null) {
  const log = () => undefined;
  const cluster = stores[hub]?.cluster;
  if (!cluster) throw new Error('The store cannot be shared.');
  const keys = await createSigningKeys({
    storage: createSharedKeys(cluster, { read: () => file }),
    clock,
    log: { info: log, warn: log, error: log },
  });
  const ada: Identity = {
    userId: 'ada',
    role: 'admin',
    agents: null,
    address: null,
    sessionId: 's1',
    expiresAt: clock.now() + DAY / 2,
  };
  const tokens = createTokens(keys, clock, { use: () => Promise.resolve(ada) });
  return {
    ...keys,
    sign: async () => (await tokens.issueSession(ada)).token,
    isValid: async (token: string) => (await tokens.verify(token, ['session'])) !== null,
  };
}

test('hubs that start together use one key', async () => {
  const [a, b] = await Promise.all([start(0), start(1)]);
  expect(a.current()).toEqual(b.current());
  expect(await b.isValid(await a.sign())).toBe(true);
});

test('a key that one hub has created verifies on the other one at once, and signs there after a reload', async () => {
  const [a, b] = [await start(0), await start(1)];
  const earlier = await b.sign();
  await a.rotate();
  expect(b.current()).not.toEqual(a.current());
  expect(await b.isValid(await a.sign())).toBe(true);
  await b.reload();
  expect(b.current()).toEqual(a.current());
  for (const keys of [a, b]) expect(await keys.isValid(earlier)).toBe(true);
});

test('hubs that replace the key together agree on one', async () => {
  const [a, b] = [await start(0), await start(1)];
  const earlier = await a.sign();
  await Promise.all([a.rotate(), b.rotate()]);
  await Promise.all([a.reload(), b.reload()]);
  expect(a.current()).toEqual(b.current());
  const signed = [earlier, await a.sign(), await b.sign()];
  for (const keys of [a, b]) {
    for (const token of signed) expect(await keys.isValid(token)).toBe(true);
  }
});

test('unknown keys are looked up a limited number of times', async () => {
  const keys = await start(0);
  await stores[0]!.close();
  for (let i = 0; i < 30; i += 1) expect(await keys.find(`unknown ${i}`)).toBeUndefined();
});

test('the keys of a data folder are used if the database has none', async () => {
  const file = JSON.stringify({ keys: [{ id: 'k', secret: 'x', createdAt: clock.now() }] });
  const a = await start(0, file);
  expect(a.current()).toMatchObject({ id: 'k', secret: 'x' });
  const other = JSON.stringify({ keys: [{ id: 'l', secret: 'y', createdAt: clock.now() }] });
  expect((await start(1, other)).current()).toEqual(a.current());
});

test('damaged keys are reported', async () => {
  await stores[0]!.cluster?.writeSecret('jwt-secret', '{', null);
  expect(await rejectionOf(start(1))).toStartWith(
    'The secret jwt-secret in the database is damaged.',
  );
});

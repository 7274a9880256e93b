// The name of a hub whose earlier run crashed, or that another hub has.
import { beforeEach, afterEach, expect, test } from 'bun:test';
import { registerHub } from '../../../src/hub/cluster/register.ts';
import { type ClusterStore, LEASE_MS } from '../../../src/store/cluster.ts';
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { clusterOf, useDatabase } from '../../support/postgres-store.ts';

const hub = { node: 'hub-1', version: '1.0.0' };

const database = useDatabase();
let store: Store;
let cluster: ClusterStore;
let clock: ManualClock;
/** Resolves when the hub waits for its name. */
let waiting: PromiseWithResolvers<string>;

beforeEach(async () => {
  store = await createPostgresStore(database.url);
  cluster = clusterOf(store);
  clock = createManualClock({ start: 0, realTimeBelowMs: 0 });
  waiting = Promise.withResolvers();
});
afterEach(() => store.close());

const register = () => {
  const log = { info: waiting.resolve, warn() {}, error() {} };
  return registerHub(cluster, { ...hub, hubId: 'second' }, { clock, log });
};

const listIds = async () => (await cluster.listHubs()).map(({ hubId }) => hubId);

test('a free name is taken at once', async () => {
  await register();
  expect(await listIds()).toEqual(['second']);
});

test('the hub waits for the end of the lease of its earlier run', async () => {
  await cluster.register({ ...hub, hubId: 'first' });
  const registered = register();
  expect(await waiting.promise).toContain('Waiting for the end of its lease');
  expect(await listIds()).toEqual(['first']);
  const end = `UPDATE hubs SET lease_ends_at = lease_ends_at - ${LEASE_MS}`;
  await database.execute(end);
  clock.advance(1_000);
  await registered;
  expect(await listIds()).toEqual(['second']);
});

test('it gives up if another hub keeps the name', async () => {
  await cluster.register({ ...hub, hubId: 'first' });
  const registered = register().catch(String);
  await waiting.promise;
  clock.advance(LEASE_MS + 5_000);
  expect(await registered).toContain('Another hub is called "hub-1"');
  expect(await listIds()).toEqual(['first']);
});

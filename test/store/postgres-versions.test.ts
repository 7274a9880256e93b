// Two versions of Signalbox on one database: which migrations they accept, and which hubs must end first.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SCHEMA_CODE, type SharedStore } from '../../src/store/cluster.ts';
import { openPostgresSide } from '../../src/store/copy/postgres-side.ts';
import { type KnownSchema, knownSchema } from '../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openThreadedPostgresStore } from '../../src/store/postgres/threaded-store.ts';
import type { StoreNotice } from '../../src/store/threaded-store.ts';
import {
  clusterOf,
  createMigratedDatabase,
  insert,
  laterSchema,
  listStored,
  untilWaiting,
} from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';
import { agent } from '../support/samples.ts';

const VERSION = knownSchema.migrations.length;

let server: PostgresServer;
let migrated: string;
let url: string;
let stores: SharedStore[];

beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
});
afterAll(() => server.remove());
beforeEach(async () => {
  stores = [];
  url = await server.createDatabase(migrated);
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await server.removeDatabase(url);
});

async function open(schema?: KnownSchema): Promise<SharedStore> {
  const store = await createPostgresStore(url, schema && { schema });
  stores.push(store);
  return store;
}

const readVersions = async () => [
  ...(await server.execute('SELECT version, oldest_version FROM schema_version', url)),
];
const NOW = { version: VERSION, oldest_version: knownSchema.oldestVersion };
const hub = (node: string) => ({ node, hubId: node, version: '1.0.0' });
const PUBLISHED = {
  summary: agent(),
  stopping: [],
  terminalSize: null,
  instanceId: null,
};
const REPORT = { agents: 0, dashboards: 0, isDraining: false, busLagMs: null, storeLagMs: null };
const endLease = (node: string) =>
  server.execute(`UPDATE hubs SET lease_ends_at = 0 WHERE node = '${node}'`, url);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: { code?: unknown }) => error.code,
  );

test('a database has its version, and the oldest one that a hub must know', async () => {
  expect(await readVersions()).toEqual([NOW]);
  await open(laterSchema('compatible'));
  expect(await readVersions()).toEqual([{ ...NOW, version: VERSION + 1 }]);
});

describe('tables of a later version', () => {
  test('are used if its migrations allow it, and are left unchanged', async () => {
    const later = await open(laterSchema('compatible'));
    const newer: number[] = [];
    const events = {
      onUpgrade: () => newer.push(-1),
      onNewer: (found: number) => newer.push(found),
    };
    const earlier = await createPostgresStore(url, { events });
    stores.push(earlier);
    expect(newer).toEqual([VERSION + 1]);
    await insert(earlier, 'earlier');
    await insert(later, 'later');
    for (const store of [earlier, later]) {
      expect(await listStored(store)).toEqual(['earlier', 'later']);
    }
    expect(await readVersions()).toEqual([{ ...NOW, version: VERSION + 1 }]);
  });

  test('are mentioned in the log of the hub', async () => {
    await open(laterSchema('compatible'));
    const notices: StoreNotice[] = [];
    const { store } = await openThreadedPostgresStore(url, undefined, (one) => notices.push(one));
    stores.push(store);
    expect(notices).toEqual([
      {
        level: 'info',
        message: `The database has schema version ${VERSION + 1} of a later version of Signalbox. This hub knows schema version ${VERSION}, and can use it.`,
      },
    ]);
  });

  test('are rejected if its migrations do not allow it', async () => {
    await open(laterSchema('incompatible'));
    expect(await rejectionOf(open())).toBe(
      `The database has schema version ${VERSION + 1}, and only versions of Signalbox that know schema version ${VERSION + 1} can use it. This one knows schema version ${VERSION}. Upgrade Signalbox, or use another database.`,
    );
    expect(await readVersions()).toEqual([{ version: VERSION + 1, oldest_version: VERSION + 1 }]);
  });

  test('are not copied: what was added would be missing', async () => {
    await open(laterSchema('compatible'));
    expect(await rejectionOf(openPostgresSide(url, undefined))).toMatch(
      /has schema version \d+, which is that of a later version of Signalbox\. Copy it with that/,
    );
  });
});

describe('a migration that earlier hubs cannot work with', () => {
  test('waits for the end of their leases', async () => {
    const cluster = clusterOf(await open());
    await cluster.register(hub('b'));
    await cluster.register(hub('a'));
    expect(await rejectionOf(open(laterSchema('incompatible')))).toBe(
      'The database must be upgraded in a way that these running hubs do not support: a (version 1.0.0), b (version 1.0.0). Stop them, and start this hub again. A hub that has crashed counts as running for 10 s.',
    );
    expect(await readVersions()).toEqual([NOW]);
    await cluster.leave('a');
    expect(await rejectionOf(open(laterSchema('incompatible')))).toContain(': b (version 1.0.0).');
    await endLease('b');
    const later = await open(laterSchema('incompatible'));
    expect(await readVersions()).toEqual([{ version: VERSION + 1, oldest_version: VERSION + 1 }]);
    await clusterOf(later).register(hub('c'));
  });

  test('waits for hubs that have not stored which version they know', async () => {
    await clusterOf(await open()).register(hub('a'));
    await server.execute('UPDATE hubs SET schema_version = NULL', url);
    expect(await rejectionOf(open(laterSchema('incompatible')))).toContain(': a (version 1.0.0).');
    await server.execute('ALTER TABLE hubs DROP COLUMN schema_version', url);
    expect(await rejectionOf(open(laterSchema('incompatible')))).toContain(': a (version 1.0.0).');
  });

  test('does not wait for hubs that know what it needs', async () => {
    const expanded = laterSchema('compatible');
    const cluster = clusterOf(await open(expanded));
    await cluster.register(hub('a'));
    const contracted = {
      migrations: [...expanded.migrations, 'ALTER TABLE commands DROP COLUMN added_later'],
      oldestVersion: VERSION + 1,
    };
    await open(contracted);
    expect(await cluster.renew('a', REPORT)).toBe(true);
    await insert(stores[0]!, '1');
  });

  test('ends a hub that has lost its lease before', async () => {
    const cluster = clusterOf(await open());
    await cluster.register(hub('a'));
    await endLease('a');
    await open(laterSchema('incompatible'));
    expect(await codeOf(cluster.renew('a', REPORT))).toBe(SCHEMA_CODE);
    expect(await codeOf(cluster.register(hub('b')))).toBe(SCHEMA_CODE);
    expect((await cluster.listHubs()).filter(({ isAlive }) => isAlive)).toEqual([]);
  });

  test('ends a hub that registers meanwhile', async () => {
    const cluster = clusterOf(await open());
    const { migrations, oldestVersion } = laterSchema('incompatible');
    const slow = [...migrations.slice(0, -1), `SELECT pg_sleep(1); ${migrations.at(-1)}`];
    const opening = open({ migrations: slow, oldestVersion });
    const sleeping = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    while ((await server.execute(sleeping, url)).length === 0);
    const registering = codeOf(cluster.register(hub('a')));
    await untilWaiting(server, url, 1);
    await opening;
    expect(await registering).toBe(SCHEMA_CODE);
  });
});

test('a migration that earlier hubs can work with does not wait for them', async () => {
  const earlier = await open();
  await clusterOf(earlier).register(hub('a'));
  await open(laterSchema('compatible'));
  expect(await clusterOf(earlier).renew('a', REPORT)).toBe(true);
  await insert(earlier, '1');
});

test('a published state of another version is tolerated, or unknown', async () => {
  const cluster = clusterOf(await open());
  const agentIds = ['a', 'b', 'c', 'd'];
  await cluster.register(hub('hub'));
  for (const agentId of agentIds) await cluster.claim(agentId, 'hub');
  const published = { ...PUBLISHED, added: 1 };
  const set = (agentId: string, text: string) =>
    server.execute(
      `UPDATE agent_states SET published = '${text}' WHERE agent_id = '${agentId}'`,
      url,
    );
  await set('a', JSON.stringify(published));
  await set('b', JSON.stringify({ ...published, stopping: 'all' }));
  await set('c', 'not JSON');
  expect(await cluster.listStates(agentIds)).toMatchObject([
    { agentId: 'a', published, isUnreadable: false },
    { agentId: 'b', published: null, isUnreadable: true },
    { agentId: 'c', published: null, isUnreadable: true },
    { agentId: 'd', published: null, isUnreadable: false },
  ]);
});

// The store on PostgreSQL: that it is a store, and what happens when the server fails.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { getTableName } from 'drizzle-orm';
import { assertSupported, migrations } from '../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import * as schema from '../../src/store/postgres/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { type CommitProxy, startCommitProxy } from '../support/commit-proxy.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';
import { auditEntry, chunk, storedCommand } from '../support/samples.ts';
import { describeStore } from './store-conformance.ts';

let server: PostgresServer;
/** A database with all tables. */
let migrated: string;

beforeAll(async () => {
  server = await startPostgres();
  migrated = await server.createDatabase();
  const store = await createPostgresStore(migrated);
  await store.close();
});
afterAll(() => server.remove());

/** Databases that are empty again. To create and to drop one takes much longer than a test. */
const emptied: string[] = [];
const tables = Object.values(schema).map((table) => getTableName(table));
const EMPTY = `DO $$ BEGIN ${tables
  // Triggers keep it up to date.
  .filter((name) => name !== getTableName(schema.transcriptTotal))
  .map((name) => `DELETE FROM ${name};`)
  .join(' ')} END $$`;

describeStore('PostgreSQL', async () => {
  const url = emptied.pop() ?? (await server.createDatabase(migrated));
  const unindexed = 'SELECT 1 FROM output_blocks WHERE plain_text IS NULL';
  return {
    open: () => createPostgresStore(url),
    countUnindexed: async () => (await server.execute(unindexed, url)).length,
    async remove() {
      await server.execute(EMPTY, url);
      emptied.push(url);
    },
  };
});

/** Short enough for a test, and long enough for a busy machine. */
const TIMEOUTS = { connectMs: 1_000, statementMs: 2_000, answerMs: 2_500 };

let url: string;
let stores: Store[];

function setUp() {
  beforeEach(async () => {
    stores = [];
    url = await server.createDatabase(migrated);
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await server.removeDatabase(url);
  });
}

async function open(): Promise<Store> {
  const store = await createPostgresStore(url, { timeouts: TIMEOUTS });
  stores.push(store);
  return store;
}

const insert = (store: Store, id: string) => store.commands.insert(storedCommand({ id }));
const listStored = async (store: Store) =>
  (await store.commands.listUnfinished()).map(({ id }) => id);

/** Calls a function until it succeeds. */
async function waitFor(attempt: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('the tables', () => {
  setUp();

  test('are created once by two stores that start together, with a version', async () => {
    const empty = await server.createDatabase();
    const opened = await Promise.all([createPostgresStore(empty), createPostgresStore(empty)]);
    await Promise.all(opened.map((store, i) => insert(store, String(i))));
    for (const store of opened) expect(await listStored(store)).toEqual(['0', '1']);
    const found = await server.execute<{ tablename: string }>(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename COLLATE "C"`,
      empty,
    );
    expect(found.map(({ tablename }) => tablename)).toEqual(
      [...tables, 'schema_version'].toSorted(),
    );
    expect([...(await server.execute('SELECT version FROM schema_version', empty))]).toEqual([
      { version: migrations.length },
    ]);
    for (const store of opened) await store.close();
    await server.removeDatabase(empty);
  });

  test('of a newer version are rejected and left unchanged', async () => {
    await server.execute('UPDATE schema_version SET version = 99', url);
    expect(await rejectionOf(open())).toMatch(/schema version 99.*Upgrade Signalbox/);
    expect([...(await server.execute('SELECT version FROM schema_version', url))]).toEqual([
      { version: 99 },
    ]);
  });
});

test('servers before version 14 are not supported', () => {
  expect(() => assertSupported(130_015)).toThrow(
    'The database server is PostgreSQL 13. Signalbox needs PostgreSQL 14 or later.',
  );
  for (const version of [140_000, 150_013, 180_001]) assertSupported(version);
});

describe('writes', () => {
  setUp();

  test('take effect in call order, whatever their kind', async () => {
    const store = await open();
    const entries = Array.from({ length: 20 }, (_, i) => auditEntry({ id: `e${i}`, time: i }));
    await insert(store, '1');
    await Promise.all(
      entries.flatMap((entry, i) => [
        store.commands.update('1', { attempt: i }, entry),
        store.output.append('1', [chunk({ sequence: i })], i, i),
        store.approvals.cancelPendingExcept([], i),
      ]),
    );
    expect(await store.commands.find('1')).toMatchObject({ attempt: 19, agentNextSequence: 19 });
    expect((await store.audit.listPage({})).items).toEqual(entries.toReversed());
  });

  test('that fail in a group reject only themselves, whatever comes before and after', async () => {
    const store = await open();
    await insert(store, '0');
    const writes = Array.from({ length: 30 }, (_, i) => insert(store, i % 3 === 0 ? '0' : `${i}`));
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
      writes.map((_, i) => i % 3 !== 0),
    );
    expect((await listStored(store)).length).toBe(21);
  });

  test('keep the code of their error, and no parameters in its message', async () => {
    const store = await open();
    await insert(store, 'secret');
    const error = await insert(store, 'secret').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: '23505' });
    expect(String(error)).not.toContain('secret');
  });

  test('that arrive during a commit share the next one', async () => {
    const store = await open();
    await store.probe();
    const count = async () => {
      const rows = await server.execute<{ n: string }>(
        'SELECT max(commits) AS n FROM writers',
        url,
      );
      return Number(rows[0]?.n);
    };
    const before = await count();
    const first = insert(store, 'first');
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...Array.from({ length: 50 }, (_, i) => insert(store, `${i}`))]);
    expect(await count()).toBe(before + 2);
  });
});

test('searches that take long delay neither other reads nor writes', async () => {
  const database = await server.createDatabase(migrated);
  const store = await createPostgresStore(database);
  const other = new SQL(database, { max: 1 });
  const locked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const lock = other.begin(async (sql) => {
    await sql.unsafe('LOCK TABLE output_blocks IN ACCESS EXCLUSIVE MODE');
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const searches = Array.from({ length: 5 }, () => store.commands.listPage({ q: 'any text' }));
  await insert(store, '1');
  expect(await store.commands.find('1')).toEqual(storedCommand({ id: '1' }));
  expect((await store.commands.listPage({})).items).toHaveLength(1);
  expect(searches.map((search) => Bun.peek.status(search))).not.toContain('fulfilled');
  release.resolve();
  await lock;
  for (const search of searches) expect((await search).items).toEqual([]);
  await other.close();
  await store.close();
  await server.removeDatabase(database);
});

/** Inserts commands one after the other, and notes what became of each. */
function createWriters(store: Store) {
  const acknowledged: string[] = [];
  const refused: string[] = [];
  const reasons = new Set<string>();

  async function writeUntil(isDone: () => boolean, name: string) {
    for (let i = 0; !isDone(); i++) {
      const id = `${name}-${String(i).padStart(6, '0')}`;
      try {
        await insert(store, id);
        acknowledged.push(id);
      } catch (error) {
        refused.push(id);
        reasons.add(String(error));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  return { acknowledged, refused, reasons, writeUntil };
}

test('connections that the server ends again and again lose nothing that was acknowledged', async () => {
  const database = await server.createDatabase(migrated);
  const store = await createPostgresStore(database);
  const { acknowledged, writeUntil } = createWriters(store);
  let isDone = false;
  const writers = ['a', 'b', 'c', 'd'].map((name) => writeUntil(() => isDone, name));
  const connections = `FROM pg_stat_activity WHERE application_name = 'signalbox' AND datname = '${new URL(database).pathname.slice(1)}'`;
  for (let round = 0; round < 30; round++) {
    await server.execute(`SELECT pg_terminate_backend(pid) ${connections}`);
    const before = acknowledged.length;
    while (acknowledged.length < before + 5) await new Promise((resolve) => setImmediate(resolve));
  }
  isDone = true;
  await Promise.all(writers);
  const ids: string[] = [];
  await waitFor(async () => ids.splice(0, Infinity, ...(await listStored(store))));
  expect(ids).toEqual(acknowledged.toSorted());
  // One that writes, one that indexes and four that read.
  expect((await server.execute(`SELECT 1 ${connections}`)).length).toBeLessThanOrEqual(6);
  await store.close();
  await server.removeDatabase(database);
});

describe('a server that stops', () => {
  setUp();

  test('loses nothing that was acknowledged, and refuses the rest', async () => {
    const store = await open();
    const { acknowledged, refused, reasons, writeUntil } = createWriters(store);
    let isDown = false;

    for (const [round, end] of ([server.stop, server.crash] as const).entries()) {
      const before = acknowledged.length;
      const writers = ['a', 'b', 'c'].map((name) =>
        writeUntil(() => isDown && refused.length >= 3 * (round + 1), `${round}${name}`),
      );
      while (acknowledged.length < before + 20) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await end();
      isDown = true;
      const unsettled = Promise.all(writers);
      // A commit that was lost in between is settled when the server is back.
      await server.start();
      await unsettled;
      await waitFor(() => store.probe());
      isDown = false;
    }

    const stored = await listStored(store);
    expect(stored).toEqual(acknowledged.toSorted());
    expect(refused.length).toBeGreaterThan(0);
    for (const reason of reasons)
      expect(reason).toMatch(/^\w*Error: The database cannot be reached: /);
  });

  test('is reported by reads and writes, and they succeed again after its start', async () => {
    const store = await open();
    await insert(store, '1');
    await server.stop();
    const clear = /^The database cannot be reached: /;
    expect(await rejectionOf(store.probe())).toMatch(clear);
    expect(await rejectionOf(store.commands.find('1'))).toMatch(clear);
    expect(await rejectionOf(createPostgresStore(url))).toMatch(/^Cannot open the database /);
    await server.start();
    await waitFor(() => store.probe());
    await waitFor(() => store.commands.find('1'));
    await insert(store, '2');
    expect(await listStored(store)).toEqual(['1', '2']);
  });
});

describe('a server that is frozen', () => {
  setUp();

  test('leads to timeouts, and everything works again when it goes on', async () => {
    const store = await open();
    await insert(store, '1');
    server.freeze();
    const calls = [
      insert(store, '2'),
      store.output.append('1', [chunk()], 1, 0),
      store.commands.find('1'),
      store.commands.listPage({ q: 'any text' }),
    ];
    for (const reason of await Promise.all(calls.map(rejectionOf))) {
      expect(reason).toMatch(/^The database cannot be reached: .*(?:answer|onnection timeout)/);
    }
    server.thaw();
    await waitFor(() => store.probe());
    await insert(store, '3');
    await waitFor(() => store.commands.find('1'));
    expect(await listStored(store)).toEqual(['1', '3']);
  });
});

describe('a connection that is lost during a commit', () => {
  setUp();
  let proxy: CommitProxy;

  beforeEach(async () => {
    proxy = await startCommitProxy(server.port);
    const proxied = new URL(url);
    proxied.port = String(proxy.port);
    url = proxied.href;
  });
  afterEach(() => proxy.close());

  test('after the server has committed fulfills the writes', async () => {
    const store = await open();
    await store.probe();
    proxy.failNextCommit('answer lost');
    await Promise.all([insert(store, '1'), insert(store, '2')]);
    expect(await listStored(store)).toEqual(['1', '2']);
  });

  test('before the server has committed rejects the writes', async () => {
    const store = await open();
    await store.probe();
    proxy.failNextCommit('lost');
    const lost = insert(store, '1');
    const next = insert(store, '2');
    for (const write of [lost, next])
      expect(await rejectionOf(write)).toContain('cannot be reached');
    await insert(store, '3');
    expect(await listStored(store)).toEqual(['3']);
  });

  test('is settled when the server commits later', async () => {
    const store = await open();
    await store.probe();
    proxy.failNextCommit('late');
    const write = insert(store, '1');
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    const direct = server.urlOf(url);
    await waitFor(async () => {
      if ((await server.execute(waiting, direct)).length === 0) throw new Error('Not yet.');
    });
    expect(Bun.peek.status(write)).toBe('pending');
    proxy.deliver();
    await write;
    expect(await listStored(store)).toEqual(['1']);
  });
});

// The store on PostgreSQL: that it is a store, its tables, and how it groups writes.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { getTableName } from 'drizzle-orm';
import { assertSupported, migrations } from '../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import * as schema from '../../src/store/postgres/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { createMigratedDatabase, insert, listStored } from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { auditEntry, chunk, storedCommand } from '../support/samples.ts';
import { describeStore } from './store-conformance.ts';

let server: PostgresServer;
/** A database with all tables. */
let migrated: string;

beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
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
  const store = await createPostgresStore(url);
  stores.push(store);
  return store;
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

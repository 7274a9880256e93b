// The store on PostgreSQL when the server or the network fails: nothing that was acknowledged is lost, what is refused is not
// stored, and everything works again afterwards.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type CommitProxy, startCommitProxy } from '../support/commit-proxy.ts';
import { createMigratedDatabase, insert, listStored } from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';
import { chunk } from '../support/samples.ts';

/** Short enough for a test, and long enough for a busy machine. */
const TIMEOUTS = { connectMs: 1_000, statementMs: 2_000, answerMs: 2_500 };

let server: PostgresServer;
let migrated: string;
let url: string;
let stores: Store[];

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

async function open(): Promise<Store> {
  const store = await createPostgresStore(url, { timeouts: TIMEOUTS });
  stores.push(store);
  return store;
}

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
  const store = await open();
  const { acknowledged, writeUntil } = createWriters(store);
  let isDone = false;
  const writers = ['a', 'b', 'c', 'd'].map((name) => writeUntil(() => isDone, name));
  const connections = `FROM pg_stat_activity WHERE application_name = 'signalbox' AND datname = '${new URL(url).pathname.slice(1)}'`;
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
});

describe('a server that stops', () => {
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

// Fences on PostgreSQL: once a hub has claimed an agent, no write of another hub about it changes anything.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import { FENCED_CODE, type FenceOf, type SharedStore } from '../../src/store/cluster.ts';
import { parseAddress } from '../../src/store/postgres/address.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openThreadedPostgresStore } from '../../src/store/postgres/threaded-store.ts';
import { openWriterSession } from '../../src/store/postgres/writer-session.ts';
import {
  clusterOf,
  createMigratedDatabase,
  insert,
  listStored,
  untilWaiting,
} from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { approval, auditEntry, chunk, fileChange, storedCommand } from '../support/samples.ts';

let server: PostgresServer;
let migrated: string;
let url: string;
let stores: SharedStore[];
let connections: SQL[];

beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
});
afterAll(() => server.remove());
beforeEach(async () => {
  stores = [];
  connections = [];
  url = await server.createDatabase(migrated);
});
afterEach(async () => {
  for (const connection of connections) await connection.close();
  for (const store of stores) await store.close();
  await server.removeDatabase(url);
});

async function connect(): Promise<SQL> {
  const sql = new SQL(url, { max: 1 });
  connections.push(sql);
  await sql.unsafe('SELECT 1');
  return sql;
}

async function countCommits(): Promise<number> {
  const rows = await server.execute<{ n: string }>('SELECT sum(commits) AS n FROM writers', url);
  return Number(rows[0]?.n);
}

/** The code of the error with which a promise rejects; null if it is fulfilled. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const [settled] = await Promise.allSettled([promise]);
  if (settled.status === 'fulfilled') return null;
  return (settled.reason as { code?: unknown }).code ?? String(settled.reason);
}

const codesOf = (promises: readonly Promise<unknown>[]) => Promise.all(promises.map(codeOf));

const kinds = [
  ['a store', () => createPostgresStore(url)],
  ['a store in a thread', async () => (await openThreadedPostgresStore(url, undefined)).store],
] as const;

describe.each(kinds)('%s', (_name, create) => {
  async function open(): Promise<SharedStore> {
    const store = await create();
    stores.push(store);
    return store;
  }

  /** A hub that claims an agent. */
  async function openOwner(hubId: string, agentId = 'build') {
    const store = await open();
    const cluster = clusterOf(store);
    const epoch = await cluster.claim(agentId, hubId);
    if (epoch === null) throw new Error('The agent was not claimed.');
    return { store, cluster, epoch, fenced: cluster.fenced(() => ({ agentId, epoch })) };
  }

  test('rejects every kind of write about an agent that another hub has claimed', async () => {
    const a = await openOwner('a');
    await a.fenced.commands.insert(storedCommand({ id: 'c1' }));
    await a.fenced.approvals.insert(approval({ approvalId: 'q1' }));
    await a.fenced.output.append('c1', [chunk()], 1, 0);
    await a.fenced.turns.save('c1', { state: 'complete', nextSequence: 1, parts: [] });
    const b = await openOwner('b');
    const writes = [
      a.fenced.commands.insert(storedCommand({ id: 'c2' })),
      a.fenced.commands.update('c1', { status: 'running' }, auditEntry()),
      a.fenced.commands.reorder(['c1']),
      a.fenced.output.append('c1', [chunk({ sequence: 1 })], 2, 0),
      a.fenced.output.append('c1', [], 3, 0),
      a.fenced.output.complete('c1', 0),
      a.fenced.output.completeExcept([], 0),
      a.fenced.output.remove('c1', 0, 'user'),
      a.fenced.turns.save('c1', { state: 'partial', nextSequence: 2, parts: [] }),
      a.fenced.approvals.insert(approval({ approvalId: 'q2' })),
      a.fenced.approvals.update('q1', { outcome: 'cancelled' }),
      a.fenced.fileChanges.insert('c1', { files: [fileChange()], omittedFiles: 0 }),
      a.fenced.fileChanges.markReverted({ commandId: 'c1', path: 'x', revertedAt: 1 }),
    ];
    expect(await codesOf(writes)).toEqual(writes.map(() => FENCED_CODE));
    expect(await listStored(b.store)).toEqual(['c1']);
    expect(await b.store.commands.find('c1')).toEqual(
      storedCommand({ id: 'c1', agentNextSequence: 1 }),
    );
    expect(await b.store.output.listLatest('c1', 100)).toEqual([chunk()]);
    expect(await b.store.output.findTranscript('c1')).toMatchObject({ bytes: 0, removedAt: null });
    expect(await b.store.turns.find('c1')).toMatchObject({ state: 'complete', nextSequence: 1 });
    expect(await b.store.approvals.listByCommand('c1')).toEqual([approval({ approvalId: 'q1' })]);
    expect(await b.store.fileChanges.find('c1')).toBeUndefined();
    expect((await b.store.audit.listPage({})).items).toEqual([]);
    await b.fenced.commands.update('c1', { attempt: 1 });
    expect(await b.store.commands.find('c1')).toMatchObject({ attempt: 1 });
  });

  test('commits the other writes of the same batch', async () => {
    const a = await openOwner('a');
    await insert(a.store, '1');
    const own = (await a.cluster.claim('own', 'a')) ?? 0;
    const fenceOf: FenceOf = (table, method, [id]) =>
      table === 'commands' && method === 'update'
        ? id === '1'
          ? { agentId: 'build', epoch: a.epoch }
          : { agentId: 'own', epoch: own }
        : undefined;
    const fenced = a.cluster.fenced(fenceOf);
    await openOwner('b');
    await a.store.commands.insert(storedCommand({ id: '2', agentId: 'own' }));
    const before = await countCommits();
    const codes = await codesOf([
      fenced.commands.update('1', { attempt: 1 }),
      fenced.commands.update('2', { attempt: 2 }),
      fenced.audit.insert(auditEntry()),
    ]);
    expect(codes).toEqual([FENCED_CODE, null, null]);
    expect(await countCommits()).toBe(before + 1);
    expect(await a.store.commands.find('1')).toMatchObject({ attempt: 0 });
    expect(await a.store.commands.find('2')).toMatchObject({ attempt: 2 });
    expect((await a.store.audit.listPage({})).items).toHaveLength(1);
  });

  test('checks the fences again when a batch is retried one by one', async () => {
    const a = await openOwner('a');
    const own = (await a.cluster.claim('own', 'a')) ?? 0;
    await insert(a.store, '1');
    await openOwner('b');
    const fenced = a.cluster.fenced(() => ({ agentId: 'own', epoch: own }));
    const codes = await codesOf([
      insert(fenced, '2'),
      insert(a.fenced, '3'),
      insert(fenced, '1'),
      insert(a.store, '4'),
      insert(fenced, '5'),
    ]);
    expect(codes).toEqual([null, FENCED_CODE, '23505', null, null]);
    expect(await listStored(a.store)).toEqual(['1', '2', '4', '5']);
  });

  test('rejects thousands of queued writes of an earlier owner with few transactions', async () => {
    const a = await openOwner('a');
    await insert(a.store, '1');
    await openOwner('b');
    const before = await countCommits();
    const stale = Array.from({ length: 3_000 }, (_, sequence) =>
      a.fenced.output.append('1', [chunk({ sequence })], sequence, 0),
    );
    const other = a.store.commands.update('1', { attempt: 7 });
    expect(new Set(await codesOf(stale))).toEqual(new Set([FENCED_CODE]));
    await other;
    expect(await a.store.commands.find('1')).toMatchObject({ attempt: 7, agentNextSequence: 0 });
    expect(await a.store.output.listLatest('1', 100)).toEqual([]);
    expect((await countCommits()) - before).toBeLessThan(20);
  });

  test('rejects writes with the fence of an agent that no hub has owned, or that was released', async () => {
    const a = await openOwner('a');
    const unowned = a.cluster.fenced(() => ({ agentId: 'new', epoch: 0 }));
    expect(await codeOf(insert(unowned, '1'))).toBe(FENCED_CODE);
    await insert(a.fenced, '2');
    await a.cluster.release({ agentId: 'build', epoch: a.epoch });
    expect(await codeOf(insert(a.fenced, '3'))).toBe(FENCED_CODE);
    expect(await listStored(a.store)).toEqual(['2']);
  });

  test('asks for the fence of each write when it is called, and of no read', async () => {
    const a = await openOwner('a');
    const calls: unknown[] = [];
    const fenced = a.cluster.fenced((table, method, args) => {
      calls.push([table, method, args]);
      return undefined;
    });
    await fenced.commands.update('1', { attempt: 1 });
    await fenced.output.flush();
    await fenced.commands.find('1');
    await fenced.commands.listUnfinished();
    await fenced.approvals.countByCommand('1');
    await fenced.probe();
    expect(calls).toEqual([
      ['commands', 'update', ['1', { attempt: 1 }]],
      ['output', 'flush', []],
    ]);
    expect(fenced.cluster).toBe(a.cluster);
  });

  test('makes a claim wait for a transaction of the owner, and rejects all later ones', async () => {
    const a = await openOwner('a');
    await insert(a.store, '1');
    const b = clusterOf(await open());
    const other = await connect();
    const locked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const lock = other.begin(async (sql) => {
      await sql.unsafe(`SELECT 1 FROM commands WHERE id = '1' FOR UPDATE`);
      locked.resolve();
      await release.promise;
    });
    await locked.promise;
    const inFlight = a.fenced.commands.update('1', { attempt: 1 });
    await untilWaiting(server, url, 1);
    const queued = codeOf(a.fenced.commands.update('1', { attempt: 2 }));
    const claim = b.claim('build', 'b');
    await untilWaiting(server, url, 2);
    expect([Bun.peek.status(inFlight), Bun.peek.status(claim)]).toEqual(['pending', 'pending']);
    release.resolve();
    await lock;
    await inFlight;
    expect(await claim).toBe(a.epoch + 1);
    // It began before or after the claim.
    const code = await queued;
    expect(code === null || code === FENCED_CODE).toBe(true);
    expect(await codeOf(a.fenced.commands.update('1', { attempt: 3 }))).toBe(FENCED_CODE);
    const { attempt } = (await a.store.commands.find('1')) ?? {};
    expect(attempt).toBe(code === null ? 2 : 1);
  });

  test('rejects the writes of a transaction that waited for the claim', async () => {
    const a = await openOwner('a');
    await insert(a.store, '1');
    const other = await connect();
    const claimed = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const claim = other.begin(async (sql) => {
      await sql.unsafe(
        `UPDATE agent_states SET epoch = epoch + 1, hub_id = 'b' WHERE agent_id = 'build'`,
      );
      claimed.resolve();
      await release.promise;
    });
    await claimed.promise;
    const write = codeOf(a.fenced.commands.update('1', { attempt: 1 }));
    await untilWaiting(server, url, 1);
    release.resolve();
    await claim;
    expect(await write).toBe(FENCED_CODE);
    expect(await a.store.commands.find('1')).toMatchObject({ attempt: 0 });
  });

  test('keeps the users in memory of a fenced store up to date', async () => {
    const a = await openOwner('a');
    const user = {
      id: 'ada',
      passwordHash: null,
      role: 'admin',
      agents: null,
      createdAt: 1,
      disabledAt: null,
      twoFactor: null,
      identity: null,
    } as const;
    await a.fenced.users.insert(user);
    expect(await a.store.users.list()).toEqual([user]);
  });
});

test('a transaction of a hub that hangs ends before a claim that waits for it', async () => {
  const timeouts = { connectMs: 5_000, statementMs: 10_000, answerMs: 12_000 };
  const session = await openWriterSession(parseAddress(url), timeouts);
  const [row]: unknown[] = await session.db.execute(
    `SELECT current_setting('idle_in_transaction_session_timeout')::interval < current_setting('statement_timeout')::interval`,
  );
  expect(row).toEqual([true]);
  await session.close();
});

test('a claim that was rolled back because of a deadlock is made again', async () => {
  const store = await createPostgresStore(url);
  stores.push(store);
  const cluster = clusterOf(store);
  await cluster.claim('build', 'a');
  const other = await connect();
  let claim: Promise<number | null> = Promise.resolve(null);
  await other.begin(async (sql) => {
    await sql.unsafe(`SELECT 1 FROM agent_changes WHERE agent_id = 'build' FOR UPDATE`);
    claim = cluster.claim('build', 'b', 1);
    await untilWaiting(server, url, 1);
    // The claim has been waiting for longer, so its transaction is the one that ends.
    await sql.unsafe(`SELECT 1 FROM agent_states WHERE agent_id = 'build' FOR UPDATE`);
  });
  expect(await claim).toBe(2);
});

test('a batch that was rolled back because of a deadlock is tried again as a whole', async () => {
  const store = await createPostgresStore(url);
  stores.push(store);
  for (const id of ['1', '2']) {
    await store.commands.insert(storedCommand({ id, agentId: id }));
  }
  const other = await connect();
  const before = await countCommits();
  let writes: Promise<unknown>[] = [];
  await other.begin(async (sql) => {
    await sql.unsafe(`SELECT 1 FROM commands WHERE id = '2' FOR UPDATE`);
    writes = Array.from({ length: 20 }, (_, i) =>
      store.commands.update(i % 2 === 0 ? '1' : '2', { attempt: i }),
    );
    await untilWaiting(server, url, 1);
    // The store has been waiting for longer, so its transaction is the one that ends.
    await sql.unsafe(`SELECT 1 FROM commands WHERE id = '1' FOR UPDATE`);
  });
  await Promise.all(writes);
  // Far fewer transactions than writes.
  expect((await countCommits()) - before).toBeLessThan(5);
  expect(await store.commands.find('1')).toMatchObject({ attempt: 18 });
  expect(await store.commands.find('2')).toMatchObject({ attempt: 19 });
});

// The changes that several hubs on one PostgreSQL database learn of: which are named, and that none is missed.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { SQL } from 'bun';
import type { ClusterStore, StoreChanges } from '../../src/store/cluster.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { clusterOf, createMigratedDatabase, insert } from '../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { agent, approval, chunk, fileChange, storedCommand } from '../support/samples.ts';

let server: PostgresServer;
let migrated: string;
let url: string;
let store: Store;
let cluster: ClusterStore;
let connections: SQL[];

beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
});
afterAll(() => server.remove());
beforeEach(async () => {
  connections = [];
  url = await server.createDatabase(migrated);
  store = await createPostgresStore(url);
  cluster = clusterOf(store);
});
afterEach(async () => {
  for (const connection of connections) await connection.close();
  await store.close();
  await server.removeDatabase(url);
});

function connect(): SQL {
  const sql = new SQL(url, { max: 1 });
  connections.push(sql);
  return sql;
}

/** Returns a cursor from which nothing is listed, not even a second time. */
async function settle(): Promise<string> {
  let changes = await cluster.listChanges(null);
  do changes = await cluster.listChanges(changes.cursor);
  while (changes.agentIds.length + changes.tables.length + changes.endedIds.length > 0);
  return changes.cursor;
}

/** What is listed after `act`. */
async function changesOf(act: () => Promise<unknown>): Promise<Omit<StoreChanges, 'cursor'>> {
  const cursor = await settle();
  await act();
  const { agentIds, tables, endedIds } = await cluster.listChanges(cursor);
  return { agentIds: agentIds.toSorted(), tables: tables.toSorted(), endedIds };
}

const NONE = { agentIds: [], tables: [], endedIds: [] };
const BUILD = { ...NONE, agentIds: ['build'] };

test('nothing is listed without a cursor, and everything after it', async () => {
  await insert(store, '1');
  const { cursor, ...first } = await cluster.listChanges(null);
  expect(first).toEqual(NONE);
  expect(await changesOf(() => Promise.resolve())).toEqual(NONE);
  expect((await cluster.listChanges('0')).agentIds).toEqual(['build']);
  expect(Number(cursor)).toBeGreaterThan(0);
});

test('commands are named when they end, whatever they were before', async () => {
  const { commands } = store;
  const ids = ['1', '2', 'ü "\\ \u001a'];
  for (const id of ids) await insert(store, id);
  await commands.update('1', { status: 'running' });
  const changes = await changesOf(async () => {
    await commands.update('1', { status: 'completed', completedAt: 1 });
    await commands.update('2', { status: 'interrupted', completedAt: 1 });
    await commands.update('ü "\\ \u001a', { status: 'failed', completedAt: 1 });
  });
  expect(changes).toEqual({ ...BUILD, endedIds: ids });
  expect(await changesOf(() => commands.update('1', { isOutputOpen: true }))).toEqual(BUILD);
});

test('nothing is listed that another server has noted, from which the database was restored', async () => {
  const { commands } = store;
  await insert(store, '1');
  await commands.update('1', { status: 'completed', completedAt: 1 });
  await server.execute(`UPDATE agent_changes SET changed_by = '99999999999'`, url);
  await server.execute(`UPDATE table_versions SET changed_by = '99999999999'`, url);
  await server.execute(`UPDATE commands SET ended_by = '99999999999'`, url);
  expect(await changesOf(() => Promise.resolve())).toEqual(NONE);
});

describe('an agent is named', () => {
  test('when its commands change, but not for each chunk of output', async () => {
    const { commands, output } = store;
    expect(await changesOf(() => insert(store, '1'))).toEqual(BUILD);
    expect(await changesOf(() => commands.update('1', { sent: true, attempt: 1 }))).toEqual(BUILD);
    expect(await changesOf(() => commands.update('1', { status: 'running' }))).toEqual(BUILD);
    expect(await changesOf(() => commands.update('1', { stopReason: 'user' }))).toEqual(BUILD);
    expect(await changesOf(() => commands.reorder(['1']))).toEqual(BUILD);
    expect(await changesOf(() => output.append('1', [chunk()], 1, 0))).toEqual(NONE);
    expect(await changesOf(() => output.append('1', [chunk({ sequence: 1 })], 2, 0))).toEqual(NONE);
    expect(await changesOf(() => output.append('1', [], 3, 0))).toEqual(NONE);
    const block = Array.from({ length: 60 }, (_, i) =>
      chunk({ sequence: i + 2, data: `${i}`.repeat(5_000) }),
    );
    expect(await changesOf(() => output.append('1', block, 70, 0))).toEqual(NONE);
    expect(await changesOf(() => commands.update('1', { isOutputOpen: true }))).toEqual(BUILD);
    expect(await changesOf(() => commands.update('1', { lastSequence: 1 }))).toEqual(BUILD);
    expect(await changesOf(() => output.remove('1', 1, 'user'))).toEqual(BUILD);
  });

  test('when approval requests, turns or changed files of its commands change', async () => {
    await insert(store, 'c1');
    const { approvals, turns, fileChanges } = store;
    expect(await changesOf(() => approvals.insert(approval()))).toEqual(BUILD);
    expect(await changesOf(() => approvals.update('q1', { appliedAt: 1 }))).toEqual(BUILD);
    const turn = { state: 'complete', nextSequence: 1, parts: [] } as const;
    expect(await changesOf(() => turns.save('c1', { ...turn, parts: [] }))).toEqual(BUILD);
    expect(
      await changesOf(() => turns.save('c1', { ...turn, nextSequence: 2, parts: [] })),
    ).toEqual(BUILD);
    const files = { files: [fileChange()], omittedFiles: 0 };
    expect(await changesOf(() => fileChanges.insert('c1', files))).toEqual(BUILD);
    const revert = { commandId: 'c1', path: 'a', revertedAt: 1 };
    expect(await changesOf(() => fileChanges.markReverted(revert))).toEqual(BUILD);
  });

  test('when another hub owns it or its owner publishes its state', async () => {
    expect(await changesOf(() => cluster.claim('build', 'a'))).toEqual(BUILD);
    const published = {
      summary: agent(),
      stopping: [],
      terminalSize: null,
      instanceId: null,
    };
    const publish = () => cluster.publishStates([{ agentId: 'build', epoch: 1, published }]);
    expect(await changesOf(publish)).toEqual(BUILD);
    expect(await changesOf(() => cluster.release({ agentId: 'build', epoch: 1 }))).toEqual(BUILD);
    expect(await changesOf(publish)).toEqual(NONE);
    await cluster.claim('build', 'a');
    expect(await changesOf(() => cluster.leave('a'))).toEqual(BUILD);
  });

  test('once, however often it changed', async () => {
    const names = ['a', 'b', 'ü "\\ \u001a'];
    const { agentIds } = await changesOf(() =>
      Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          store.commands.insert(storedCommand({ id: String(i), agentId: names[i % 3] ?? '' })),
        ),
      ),
    );
    expect(agentIds).toEqual(names.toSorted());
  });
});

test('tables that hubs keep in memory are named, but not for the times of uses', async () => {
  const { users, sessions, agents, agentTokens, apiTokens } = store;
  const ada = {
    id: 'ada',
    passwordHash: null,
    role: 'admin',
    agents: null,
    createdAt: 1,
    disabledAt: null,
    twoFactor: null,
    identity: null,
  } as const;
  const session = {
    id: 's',
    userId: 'ada',
    role: 'admin',
    agents: null,
    createdAt: 1,
    expiresAt: 2,
    lastSeenAt: 1,
    address: null,
    userAgent: null,
  } as const;
  const build = {
    agentId: 'build',
    agentType: 'codex',
    labels: [],
    createdAt: 1,
    createdBy: 'ada',
    connectionTime: null,
    lastHeartbeat: null,
    capabilities: ['shell'],
    paused: null,
  } as const;
  const token = { tokenHash: 'h', createdAt: 1, lastUsedAt: null };
  const agentToken = { ...token, agentId: 'build', name: null, createdBy: 'ada', expiresAt: null };
  const apiToken = {
    ...token,
    id: 'p',
    userId: 'ada',
    name: 'ci',
    scope: 'viewer',
    expiresAt: 9,
    lastAddress: null,
  } as const;

  const expectTables = async (act: () => Promise<unknown>, ...tables: string[]) =>
    expect((await changesOf(act)).tables as string[]).toEqual(tables);

  await expectTables(() => users.insert(ada), 'users');
  await expectTables(() => users.update('ada', { role: 'viewer' }), 'users');
  await expectTables(() => sessions.insert(session), 'sessions');
  await expectTables(() => sessions.touch('s', 5));
  await expectTables(() => sessions.remove(['unknown']));
  await expectTables(() => sessions.remove(['s']), 'sessions');
  const row = { ...build, labels: [], capabilities: ['shell'] };
  await expectTables(
    () => agents.insert(row, { ...agentToken, id: 't' }),
    'agent_tokens',
    'agents',
  );
  const contact = { connectionTime: 1, lastHeartbeat: 2, capabilities: ['shell'] };
  expect(await changesOf(() => agents.update('build', contact))).toEqual(NONE);
  await expectTables(() => agents.update('build', { capabilities: [] }), 'agents');
  await expectTables(() => agents.update('build', { labels: ['x'] }), 'agents');
  const paused = { by: 'ada', at: 3, note: null };
  await expectTables(() => agents.update('build', { paused }), 'agents');
  await expectTables(() => agentTokens.insert({ ...agentToken, id: 'u' }), 'agent_tokens');
  await expectTables(() => agentTokens.update('u', { lastUsedAt: 9 }));
  await expectTables(() => agentTokens.update('u', { expiresAt: 9 }), 'agent_tokens');
  await expectTables(() => agentTokens.remove(['u']), 'agent_tokens');
  await expectTables(() => apiTokens.insert(apiToken), 'api_tokens');
  await expectTables(() => apiTokens.update('p', { lastUsedAt: 9, lastAddress: 'x' }));
  await expectTables(() => users.remove('ada'), 'api_tokens', 'users');
  await expectTables(() => cluster.writeSecret('key', '1', null), 'secrets');
  await expectTables(() => cluster.writeSecret('key', '2', '1'), 'secrets');
  expect(await changesOf(() => agents.remove('build'))).toEqual({
    ...BUILD,
    tables: ['agent_tokens', 'agents'],
  });
  await expectTables(() => insert(store, '1'));
});

describe('no change is missed', () => {
  const change = (agentId: string) =>
    `UPDATE commands SET attempt = attempt + 1 WHERE agent_id = '${agentId}'`;

  beforeEach(async () => {
    for (const id of ['a', 'b']) await store.commands.insert(storedCommand({ id, agentId: id }));
  });

  test('of a transaction that commits after later ones', async () => {
    const cursor = await settle();
    const early = connect();
    await early.unsafe('BEGIN');
    await early.unsafe('SELECT pg_current_xact_id()');
    await store.commands.update('b', { attempt: 1 });
    const first = await cluster.listChanges(cursor);
    expect(first.agentIds).toEqual(['b']);
    await early.unsafe(change('a'));
    const second = await cluster.listChanges(first.cursor);
    expect(second.agentIds).not.toContain('a');
    await early.unsafe('COMMIT');
    const third = await cluster.listChanges(second.cursor);
    expect(third.agentIds).toContain('a');
    expect((await cluster.listChanges(await settle())).agentIds).toEqual([]);
  });

  test('of a transaction that changes what a later one has changed and committed', async () => {
    const cursor = await settle();
    const early = connect();
    await early.unsafe('BEGIN');
    await early.unsafe('SELECT pg_current_xact_id()');
    await store.commands.update('a', { attempt: 1 });
    const first = await cluster.listChanges(cursor);
    expect(first.agentIds).toEqual(['a']);
    await early.unsafe(change('a'));
    await early.unsafe('COMMIT');
    expect((await cluster.listChanges(first.cursor)).agentIds).toEqual(['a']);
  });

  test('of a table', async () => {
    const cursor = await settle();
    const early = connect();
    await early.unsafe('BEGIN');
    await early.unsafe(`INSERT INTO secrets VALUES ('early', 'x')`);
    // It does not wait for the other transaction.
    await cluster.writeSecret('late', 'x', null);
    const first = await cluster.listChanges(cursor);
    expect(first.tables).toEqual(['secrets']);
    await early.unsafe('COMMIT');
    expect((await cluster.listChanges(first.cursor)).tables).toEqual(['secrets']);
  });

  test('by a hub that polls while others write', async () => {
    const writers = 4;
    const agentIds = Array.from({ length: 12 }, (_, i) => `agent-${i}`);
    await store.commands.insert(agentIds.map((id) => storedCommand({ id, agentId: id })));
    const attempts = async (ids: readonly string[]) =>
      (await cluster.listUnfinishedOf(ids)).map(({ id, attempt }) => [id, attempt] as const);
    let { cursor } = await cluster.listChanges(null);
    const mirror = new Map(await attempts(agentIds));
    const written = Promise.withResolvers<void>();

    async function poll() {
      const changes = await cluster.listChanges(cursor);
      ({ cursor } = changes);
      for (const [id, attempt] of await attempts(changes.agentIds)) mirror.set(id, attempt);
    }

    async function write(writer: number) {
      const sql = connect();
      for (let round = 0; round < 40; round++) {
        await sql.unsafe('BEGIN');
        await sql.unsafe('SELECT pg_current_xact_id()');
        // In one order, so that the writers do not block each other.
        for (const [index, id] of agentIds.entries()) {
          if ((index + round + writer) % 3 === 0) await sql.unsafe(change(id));
        }
        await sql.unsafe('COMMIT');
      }
    }

    async function pollUntilDone() {
      while (Bun.peek.status(written.promise) === 'pending') await poll();
    }

    const polled = pollUntilDone();
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    written.resolve();
    await polled;
    await poll();
    const stored = new Map(await attempts(agentIds));
    for (const id of agentIds) expect([id, mirror.get(id)]).toEqual([id, stored.get(id)]);
  });
});

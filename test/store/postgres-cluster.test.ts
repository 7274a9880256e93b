// What several hubs on one PostgreSQL database share: leases, owners of agents, published states, and secrets.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  type ClusterStore,
  type HubReport,
  LEASE_MS,
  NODE_IN_USE_CODE,
  type PublishedState,
} from '../../src/store/cluster.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import { clusterOf, useDatabase } from '../support/postgres-store.ts';
import { approval, agent, chunk, storedCommand } from '../support/samples.ts';

const REPORT: HubReport = {
  agents: 3,
  dashboards: 4,
  isDraining: true,
  busLagMs: 1.5,
  storeLagMs: null,
};
const NO_REPORT: HubReport = {
  agents: 0,
  dashboards: 0,
  isDraining: false,
  busLagMs: null,
  storeLagMs: null,
};

const database = useDatabase();
let store: Store;
let cluster: ClusterStore;

beforeEach(async () => {
  store = await createPostgresStore(database.url);
  cluster = clusterOf(store);
});
afterEach(async () => {
  await store.close();
  await database.server.removeDatabase(database.url);
});

const hub = (node: string, hubId = node) => ({ node, hubId, version: '1.0.0' });
const codeOf = (error: unknown) => (error as { code?: unknown }).code;

/** Moves the times of a hub into the past, as if they had passed. */
const age = (hubId: string, milliseconds: number) =>
  database.execute(
    `UPDATE hubs SET renewed_at = renewed_at - ${milliseconds}, lease_ends_at = lease_ends_at - ${milliseconds} WHERE hub_id = '${hubId}'`,
  );

const state = (queueLength: number): PublishedState => ({
  summary: agent({ queueLength, notice: '\0 "\\ \u001a ü' }),
  stopping: ['c1'],
  terminalSize: { cols: 80, rows: 24 },
  instanceId: null,
});

async function insertAgent(agentId: string) {
  const createdBy = 'ada';
  await store.agents.insert(
    {
      agentId,
      agentType: 'codex',
      labels: [],
      createdAt: 1,
      createdBy,
      connectionTime: null,
      lastHeartbeat: null,
      capabilities: [],
      paused: null,
    },
    {
      id: agentId,
      agentId,
      tokenHash: agentId,
      name: null,
      createdAt: 1,
      createdBy,
      expiresAt: null,
      lastUsedAt: null,
    },
  );
}

describe('hubs', () => {
  test('are listed by name with their last report', async () => {
    await cluster.register(hub('b'));
    await cluster.register(hub('a'));
    expect(await cluster.renew('a', REPORT)).toBe(true);
    const [first, second] = await cluster.listHubs();
    expect(first).toMatchObject({ ...hub('a'), ...REPORT, isAlive: true });
    expect(second).toMatchObject({ ...hub('b'), ...NO_REPORT, isAlive: true });
    expect(Object.keys(first ?? {}).toSorted()).toEqual(
      Object.keys({ ...hub('a'), ...REPORT, startedAt: 0, renewedAt: 0, isAlive: true }).toSorted(),
    );
    expect(first?.renewedAt).toBeGreaterThanOrEqual(first?.startedAt ?? Infinity);
  });

  test('have their times from the clock of the database', async () => {
    await cluster.register(hub('a'));
    const [row] = await database.execute<{ now: string }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
    );
    const [listed] = await cluster.listHubs();
    expect(Math.abs(Number(row?.now) - (listed?.startedAt ?? 0))).toBeLessThan(5_000);
    const [lease] = await database.execute<{ length: string }>(
      'SELECT lease_ends_at - renewed_at AS length FROM hubs',
    );
    expect(Number(lease?.length)).toBeWithin(LEASE_MS, LEASE_MS + 100);
  });

  test('keep their name until their lease ends', async () => {
    await cluster.register(hub('a', 'first'));
    const error = await cluster.register(hub('a', 'second')).catch((reason: unknown) => reason);
    expect(codeOf(error)).toBe(NODE_IN_USE_CODE);
    expect(String(error)).toContain('"a"');
    await cluster.register(hub('a', 'first'));
    await age('first', LEASE_MS - 3_000);
    expect(await cluster.register(hub('a', 'second')).catch(codeOf)).toBe(NODE_IN_USE_CODE);
    await cluster.renew('first', REPORT);
    await age('first', LEASE_MS + 1);
    expect(await cluster.listHubs()).toMatchObject([{ hubId: 'first', isAlive: false }]);
    await cluster.register(hub('a', 'second'));
    expect(await cluster.listHubs()).toMatchObject([
      { ...hub('a', 'second'), ...NO_REPORT, isAlive: true },
    ]);
    expect(await cluster.renew('first', REPORT)).toBe(false);
  });

  test('can renew a lease that has ended, unless they have left', async () => {
    await cluster.register(hub('a'));
    await age('a', LEASE_MS + 1);
    expect(await cluster.renew('a', REPORT)).toBe(true);
    expect(await cluster.listHubs()).toMatchObject([{ isAlive: true }]);
    await cluster.leave('a');
    expect(await cluster.listHubs()).toMatchObject([{ hubId: 'a', isAlive: false }]);
    expect(await cluster.renew('a', REPORT)).toBe(false);
    expect(await cluster.listHubs()).toMatchObject([{ isAlive: false }]);
    await cluster.register(hub('a', 'again'));
    expect(await cluster.listHubs()).toMatchObject([{ hubId: 'again', isAlive: true }]);
  });

  test('are registered once by hubs that start together', async () => {
    const results = await Promise.allSettled(
      ['1', '2', '3', '4'].map((id) => cluster.register(hub('a', id))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('are listed for an hour after the end of their lease, and then deleted', async () => {
    await cluster.register(hub('old'));
    await age('old', 3_600_000);
    expect(await cluster.listHubs()).toHaveLength(1);
    await age('old', LEASE_MS + 1);
    expect(await cluster.listHubs()).toEqual([]);
    await cluster.register(hub('new'));
    expect([...(await database.execute('SELECT node FROM hubs'))]).toEqual([{ node: 'new' }]);
  });
});

describe('agents', () => {
  test('are claimed with a higher epoch each time', async () => {
    await cluster.register(hub('a'));
    await cluster.register(hub('b'));
    expect(await cluster.listStates(['build'])).toEqual([
      {
        agentId: 'build',
        epoch: 0,
        hubId: null,
        isOwned: false,
        published: null,
        isUnreadable: false,
      },
    ]);
    expect(await cluster.claim('build', 'a')).toBe(1);
    expect(await cluster.claim('build', 'b')).toBe(2);
    expect(await cluster.claim('build', 'b')).toBe(3);
    expect(await cluster.listStates(['build'])).toEqual([
      {
        agentId: 'build',
        epoch: 3,
        hubId: 'b',
        isOwned: true,
        published: null,
        isUnreadable: false,
      },
    ]);
  });

  test('are claimed with an expected epoch by one hub', async () => {
    for (const expected of [0, 1]) {
      const claims = ['a', 'b', 'c', 'd'].map((id) => cluster.claim('build', id, expected));
      const epochs = await Promise.all(claims);
      expect(epochs.filter((epoch) => epoch !== null)).toEqual([expected + 1]);
    }
    expect(await cluster.claim('other', 'a', 5)).toBeNull();
    expect((await cluster.listStates(['other']))[0]?.epoch).toBe(0);
  });

  test('are owned as long as the hub has a lease', async () => {
    await cluster.claim('build', 'a');
    const isOwned = async () => (await cluster.listStates(['build']))[0]?.isOwned;
    expect(await isOwned()).toBe(false);
    await cluster.register(hub('a'));
    expect(await isOwned()).toBe(true);
    await age('a', LEASE_MS + 1);
    expect(await isOwned()).toBe(false);
    await cluster.renew('a', REPORT);
    expect(await isOwned()).toBe(true);
    await age('a', LEASE_MS + 1);
    await cluster.register(hub('a', 'other'));
    expect(await cluster.listStates(['build'])).toMatchObject([{ hubId: 'a', isOwned: false }]);
  });

  test('are released by their owner only', async () => {
    await cluster.register(hub('a'));
    const epoch = (await cluster.claim('build', 'a')) ?? 0;
    await cluster.release({ agentId: 'build', epoch: epoch - 1 });
    expect(await cluster.listStates(['build'])).toMatchObject([{ hubId: 'a', isOwned: true }]);
    await cluster.release({ agentId: 'build', epoch });
    expect(await cluster.listStates(['build'])).toMatchObject([
      { hubId: null, epoch, isOwned: false },
    ]);
    expect(await cluster.claim('build', 'b', epoch)).toBe(epoch + 1);
  });

  test('are all released by a hub that leaves', async () => {
    for (const id of ['a', 'b']) await cluster.register(hub(id));
    await cluster.claim('1', 'a');
    await cluster.claim('2', 'a');
    await cluster.claim('3', 'b');
    await cluster.leave('a');
    const states = await cluster.listStates(['1', '2', '3']);
    expect(states.map(({ hubId }) => hubId)).toEqual([null, null, 'b']);
  });

  test('have the state that their owner published last', async () => {
    const epoch = (await cluster.claim('build', 'a')) ?? 0;
    const other = (await cluster.claim('other', 'a')) ?? 0;
    await cluster.publishStates([]);
    await cluster.publishStates([
      { agentId: 'build', epoch, published: state(1) },
      { agentId: 'other', epoch: other, published: state(2) },
      { agentId: 'build', epoch, published: state(3) },
    ]);
    const published = async () =>
      (await cluster.listStates(['build', 'other'])).map((one) => one.published);
    expect(await published()).toEqual([state(3), state(2)]);
    await cluster.claim('build', 'b');
    await cluster.release({ agentId: 'other', epoch: other });
    await cluster.publishStates([
      { agentId: 'build', epoch, published: state(4) },
      { agentId: 'other', epoch: other, published: state(4) },
    ]);
    expect(await published()).toEqual([state(3), state(2)]);
  });

  test('are all listed if they are registered, and forget their state when they are removed', async () => {
    await insertAgent('x');
    await insertAgent('build');
    const epoch = (await cluster.claim('build', 'a')) ?? 0;
    await cluster.claim('unregistered', 'a');
    await cluster.publishStates([{ agentId: 'build', epoch, published: state(1) }]);
    expect(await cluster.listStates()).toEqual([
      {
        agentId: 'build',
        epoch,
        hubId: 'a',
        isOwned: false,
        published: state(1),
        isUnreadable: false,
      },
      { agentId: 'x', epoch: 0, hubId: null, isOwned: false, published: null, isUnreadable: false },
    ]);
    await store.agents.remove('build');
    expect((await cluster.listStates()).map(({ agentId }) => agentId)).toEqual(['x']);
    await insertAgent('build');
    expect(await cluster.listStates(['build'])).toMatchObject([{ epoch, published: null }]);
    expect(await cluster.claim('build', 'a')).toBe(epoch + 1);
  });
});

test('commands are listed by agent', async () => {
  const rows = [
    storedCommand({ id: '1', agentId: 'a', requestId: 'r1', requestedAt: 20 }),
    storedCommand({ id: '2', agentId: 'b', status: 'running', requestId: 'r2', requestedAt: 30 }),
    storedCommand({ id: '3', agentId: 'a', status: 'failed', isOutputOpen: true }),
    storedCommand({ id: '4', agentId: 'b', status: 'completed', isOutputOpen: true }),
    storedCommand({ id: '5', agentId: 'c' }),
    storedCommand({ id: '6', agentId: 'a', requestId: 'r6', requestedAt: 10 }),
  ] as const;
  await store.commands.insert(rows);
  expect(await cluster.listUnfinishedOf(['a', 'b'])).toEqual([rows[0], rows[1], rows[5]]);
  expect(await cluster.listUnfinishedOf([])).toEqual([]);
  expect(await cluster.listWithOpenOutputOf('a')).toEqual([rows[2]]);
  expect(await cluster.listRequestedOf('a', 10)).toEqual([rows[5], rows[0]]);
  expect(await cluster.listRequestedOf('a', 11)).toEqual([rows[0]]);
  expect(await cluster.listByIds(['4', 'unknown', '2'])).toEqual([rows[1], rows[3]]);
  const request = (commandId: string, requestedAt: number) =>
    approval({ approvalId: `q${commandId}`, commandId, requestedAt });
  const [late, other, early] = [request('1', 9), request('2', 8), request('5', 7)];
  for (const one of [late, other, early]) await store.approvals.insert(one);
  expect(await cluster.listApprovalsOf(['1', 'unknown', '5'])).toEqual([early, late]);
});

test('agents that were removed are listed while they have work', async () => {
  await insertAgent('registered');
  const epoch = (await cluster.claim('a', 'hub')) ?? 0;
  await store.commands.insert([
    storedCommand({ id: '1', agentId: 'registered' }),
    storedCommand({ id: '2', agentId: 'a', status: 'running' }),
    storedCommand({ id: '3', agentId: 'a' }),
    storedCommand({ id: '4', agentId: 'b', status: 'failed', isOutputOpen: true }),
    storedCommand({ id: '5', agentId: 'c', status: 'failed' }),
  ]);
  const removed = await cluster.listRemovedWithWork();
  expect(removed.toSorted((one, other) => one.agentId.localeCompare(other.agentId))).toEqual([
    { agentId: 'a', epoch },
    { agentId: 'b', epoch: 0 },
  ]);
});

test('secrets are stored by one of several hubs, and replaced if they are as expected', async () => {
  expect(await cluster.readSecret('key')).toBeNull();
  const stored = await Promise.all(['1', '2', '3'].map((t) => cluster.writeSecret('key', t, null)));
  expect(stored.filter(Boolean)).toHaveLength(1);
  const first = String(stored.indexOf(true) + 1);
  expect(await cluster.readSecret('key')).toBe(first);
  expect(await cluster.writeSecret('key', 'x', 'other')).toBe(false);
  expect(await cluster.writeSecret('key', '{"a":"ü\0"}', first)).toBe(true);
  expect(await cluster.readSecret('key')).toBe('{"a":"ü\0"}');
  expect(await cluster.writeSecret('missing', 'x', 'y')).toBe(false);
});

describe('the output of a command', () => {
  /** Stores chunks from a sequence on. */
  const append = (commandId: string, first: number, count: number) =>
    store.output.append(
      commandId,
      Array.from({ length: count }, (_, index) => chunk({ sequence: first + index })),
      first + count,
      1,
    );

  test('is known to differ from where a later owner has begun to store it', async () => {
    await cluster.claim('a', 'first');
    const fields = { agentId: 'a', status: 'running' as const, sent: true };
    await store.commands.insert(storedCommand({ ...fields, id: 'c' }));
    await append('c', 0, 3);
    expect(await cluster.findLaterOutput('c', 1)).toBeNull();
    await cluster.claim('a', 'second');
    await append('c', 3, 2);
    await cluster.claim('a', 'third');
    expect(await cluster.findLaterOutput('c', 0)).toBe(3);
    expect(await cluster.findLaterOutput('c', 1)).toBe(3);
    expect(await cluster.findLaterOutput('c', 2)).toBe(5);
    expect(await cluster.findLaterOutput('c', 3)).toBeNull();
  });

  test('counts blocks, and belongs to commands that have ended and may send more', async () => {
    await cluster.claim('a', 'first');
    const ended = { agentId: 'a', status: 'failed' as const, completedAt: 1 };
    await store.commands.insert(storedCommand({ ...ended, id: 'open', isOutputOpen: true }));
    await store.commands.insert(storedCommand({ ...ended, id: 'ended' }));
    await store.commands.insert(storedCommand({ agentId: 'a', id: 'queued' }));
    await store.commands.insert(storedCommand({ agentId: 'b', id: 'other', sent: true }));
    for (const id of ['open', 'ended', 'other']) await append(id, 0, 4);
    await store.output.complete('open', 1);
    await cluster.claim('a', 'second');
    const found = ['open', 'ended', 'queued', 'other'].map((id) => cluster.findLaterOutput(id, 1));
    expect(await Promise.all(found)).toEqual([4, null, null, null]);
  });

  test('is forgotten with the output', async () => {
    await cluster.claim('a', 'first');
    await store.commands.insert(storedCommand({ agentId: 'a', id: 'c', isOutputOpen: true }));
    await append('c', 0, 1);
    await cluster.claim('a', 'second');
    expect(await cluster.findLaterOutput('c', 1)).toBe(1);
    await store.output.remove('c', 1, 'not_kept');
    expect(await cluster.findLaterOutput('c', 1)).toBeNull();
  });
});

test('a command that ends cancels its pending approval requests in the same transaction', async () => {
  const { commands, approvals } = store;
  for (const id of ['c1', 'c2']) await commands.insert([storedCommand({ id })]);
  await approvals.insert(approval({ approvalId: 'pending' }));
  const answer = { outcome: 'selected', optionId: 'yes', resolvedAt: 1 } as const;
  await approvals.insert(approval({ approvalId: 'answered', ...answer }));
  await approvals.insert(approval({ approvalId: 'other', commandId: 'c2' }));
  await commands.update('c1', { status: 'running' });
  expect(await approvals.find('pending')).toMatchObject({ outcome: null });
  await commands.update('c1', { status: 'failed', completedAt: 1 });
  expect(await approvals.find('pending')).toMatchObject({ outcome: 'cancelled' });
  expect((await approvals.find('pending'))?.resolvedAt).toBeGreaterThan(1);
  expect(await approvals.find('answered')).toMatchObject(answer);
  expect(await approvals.find('other')).toMatchObject({ outcome: null });
});

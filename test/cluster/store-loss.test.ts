// The database and the bus fail while several hubs work, and hubs that start under unusual conditions.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startBound } from '../support/bound-process.ts';
import { PASSWORD, signInToApi } from '../support/binary.ts';
import { type Cluster, type ClusterHub, startCluster } from '../support/cluster.ts';
import {
  type ClusterDashboard,
  connectAgentTo,
  connectDashboardTo,
  requireOwner,
  waitForAgent,
  waitForEnd,
  waitForReady,
} from '../support/cluster-clients.ts';
import { findFreePort } from '../support/free-port.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
}, 120_000);
afterAll(() => cluster.stop());

function requireHubs(): [ClusterHub, ClusterHub, ClusterHub] {
  const [first, second, third] = cluster.hubs;
  if (!first || !second || !third) throw new Error('There are fewer hubs.');
  return [first, second, third];
}

async function expectOutput(dashboard: ClusterDashboard, commandId: string, text: string) {
  await dashboard.waitForComplete(commandId);
  expect(dashboard.outputOf(commandId)).toBe(text);
  const sequences = dashboard.sequencesOf(commandId);
  expect(sequences).toEqual(sequences.map((_, index) => index));
}

/** Starts a hub of the same system, or of another database. */
function startHub(options: { node: string; port: number; data: string; database: string }) {
  const { node, port, data, database } = options;
  const flags = ['--node', node, '--port', String(port), '--data', data];
  return startBound([cluster.binary, 'serve', ...flags], {
    SIGNALBOX_STORE: database,
    SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
  });
}

test.each(['stop', 'crash'] as const)(
  'the database ends by a %s while a command prints, and starts again',
  async (end) => {
    const agentId = 'agent-1';
    const hubs = requireHubs();
    await waitForReady(cluster);
    for (const hub of hubs) await waitForAgent(cluster, agentId, 'online', hub);
    const owner = await requireOwner(cluster, agentId);
    const other = hubs.find((hub) => hub !== owner) ?? owner;
    const watcher = await connectDashboardTo(cluster, other);
    const body = JSON.stringify({
      agentId,
      command: '!for i in $(seq 1 100); do echo line $i; sleep 0.05; done',
    });
    const { commandId } = await cluster.api<{ commandId: string }>(
      '/commands',
      { method: 'POST', body },
      other.url,
    );
    await watcher.waitForOutput(commandId, 'line 5\n');
    await cluster.postgres[end]();
    for (const hub of hubs) {
      const response = await fetch(`${hub.url}/api/v1/commands`, {
        method: 'POST',
        headers: cluster.headers,
        body: JSON.stringify({ agentId, command: '!echo refused', ifOffline: 'queue' }),
      });
      expect(response.status).toBe(503);
    }
    await cluster.postgres.start();
    const text = Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join('');
    await expectOutput(watcher, commandId, text);
    await waitForReady(cluster);
    for (const hub of hubs) {
      const command = await waitForEnd(cluster, commandId, hub);
      expect(command).toMatchObject({ status: 'completed', exitCode: 0 });
    }
    for (const hub of hubs) {
      const next = await watcher.request(`!echo after ${hub.node}`, { agentId });
      await watcher.waitForStatus(next, 'completed');
    }
    const { items } = await cluster.api<{ items: { command: string }[] }>('/commands?limit=50');
    expect(items.filter(({ command }) => command.includes('refused'))).toEqual([]);
    watcher.terminate();
  },
  60_000,
);

test('other hubs see everything while all LISTEN connections are silent', async () => {
  await waitForReady(cluster);
  const [owner, other, third] = requireHubs();
  const agent = await connectAgentTo(cluster, owner, 'silent');
  for (const hub of [other, third]) await waitForAgent(cluster, 'silent', 'online', hub);
  const watcher = await connectDashboardTo(cluster, other);
  const backends = await cluster.postgres.execute<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE query ILIKE 'LISTEN%'`,
  );
  expect(backends).toHaveLength(cluster.hubs.length);
  for (const { pid } of backends) process.kill(pid, 'SIGSTOP');
  try {
    const start = performance.now();
    const commandId = await watcher.request('work', { agentId: 'silent' });
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    await watcher.waitForStatus(commandId, 'running');
    agent.sendOutput(commandId, 'a');
    await watcher.waitForOutput(commandId, 'a');
    agent.sendFinished(commandId);
    await watcher.waitForStatus(commandId, 'completed');
    await expectOutput(watcher, commandId, 'a');
    // The command, its start, its output and its end are each read within a second.
    expect(performance.now() - start).toBeLessThan(8_000);
  } finally {
    for (const { pid } of backends) process.kill(pid, 'SIGCONT');
  }
  agent.terminate();
  watcher.terminate();
}, 60_000);

test('a hub with the name of another one waits for it, says so and ends', async () => {
  const folder = createTemporaryFolder();
  const port = await findFreePort();
  const { database } = cluster;
  const hub = startHub({ node: 'hub-1', port, data: join(folder.path, 'data'), database });
  expect(await hub.exited).toBe(1);
  expect(hub.output()).toContain('Another hub is called "hub-1"');
  expect((await fetch(`${requireHubs()[0].url}/readyz`)).status).toBe(200);
  folder.remove();
}, 60_000);

test('hubs that start at the same moment on an empty database', async () => {
  const folder = createTemporaryFolder();
  const database = await cluster.postgres.createDatabase();
  const hubs = await Promise.all(
    ['left', 'right'].map(async (node) => {
      const port = await findFreePort();
      const hub = startHub({ node, port, data: join(folder.path, node), database });
      return { hub, url: `http://127.0.0.1:${port}` };
    }),
  );
  for (const { hub } of hubs) await hub.waitForOutput(/Signalbox is ready/);
  const [left, right] = hubs;
  if (!left || !right) throw new Error('There are fewer hubs.');
  // They sign with the same key.
  const headers = await signInToApi(left.url);
  const response = await fetch(`${right.url}/api/v1/hubs`, { headers });
  const { items } = (await response.json()) as { items: { node: string; state: string }[] };
  expect(items.map(({ node, state }) => [node, state])).toEqual([
    ['left', 'alive'],
    ['right', 'alive'],
  ]);
  for (const { hub } of hubs) {
    hub.kill('SIGTERM');
    expect(await hub.exited).toBe(0);
  }
  folder.remove();
}, 60_000);

// A hub behind HAProxy, with the documented configuration.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { wait } from '../chaos/wait.ts';
import { PASSWORD } from '../support/binary.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { openDashboard } from '../support/hub/dashboard.ts';

/** Keeps the requests below the limit of an address. */
const LOAD_INTERVAL_MS = 10;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ hubs: 1, agents: 1 });
}, 120_000);
afterAll(() => cluster.stop());

const hub = () => {
  const [first] = cluster.hubs;
  if (!first) throw new Error('The system has no hub.');
  return first;
};

async function openConnectedDashboard() {
  const dashboard = await openDashboard({ wsUrl: cluster.url.replace('http', 'ws') });
  const token = cluster.headers['authorization']?.slice(7) ?? '';
  await dashboard.connect({ issueToken: () => Promise.resolve(token) }, { terminals: 'all' });
  return dashboard;
}

/** Sends a request from an address of this machine, and returns the response as text. */
function sendFrom(localAddress: string, lines: string[], body: string): Promise<string> {
  const { port } = new URL(cluster.url);
  const head = [...lines, `Host: 127.0.0.1:${port}`, `Content-Length: ${body.length}`];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    socket.on('data', (bytes) => (text += String(bytes)));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  });
}

test('pages, and a redirect to the sign-in page', async () => {
  const page = await fetch(`${cluster.url}/`);
  expect([page.status, page.url]).toEqual([200, `${cluster.url}/login`]);
  expect(await page.text()).toContain('<h1>Sign in');
});

test('a command of an agent, with its output on a dashboard', async () => {
  const [agent] = (await cluster.api<{ items: AgentSummary[] }>('/agents')).items;
  expect(agent).toMatchObject({ agentId: 'agent-1', status: 'online' });
  const dashboard = await openConnectedDashboard();
  const { commandId } = await cluster.api<{ commandId: string }>('/commands', {
    method: 'POST',
    body: JSON.stringify({ agentId: 'agent-1', command: '!echo through the proxy' }),
  });
  await dashboard.waitFor('terminal:output', ({ data }) => data.includes('through the proxy'));
  await dashboard.waitForStatus(commandId, 'completed');
  dashboard.terminate();
});

test('the address of a client, which it cannot choose itself', async () => {
  const response = await sendFrom(
    '127.0.0.2',
    [
      'POST /api/v1/session HTTP/1.1',
      'Content-Type: application/json',
      'X-Forwarded-For: 192.0.2.7',
    ],
    JSON.stringify({ username: 'admin', password: PASSWORD }),
  );
  const { token } = JSON.parse(response.slice(response.indexOf('{'))) as { token: string };
  const { items } = await cluster.api<{ items: { isCurrent: boolean; address: string }[] }>(
    '/sessions',
    { headers: { authorization: `Bearer ${token}` } },
  );
  expect(items.find(({ isCurrent }) => isCurrent)?.address).toBe('127.0.0.2');
});

test('the hub is in the list of hubs under its name', async () => {
  const { items } = await cluster.api<{ items: { node: string }[] }>('/hubs');
  expect(items).toMatchObject([{ node: 'hub-1', isSelf: true, state: 'alive', agents: 1 }]);
});

test('a hub that cannot write receives requests only if no other can', async () => {
  expect(await cluster.haproxy.listReady()).toEqual(['hub-1']);
  await cluster.postgres.stop();
  while ((await cluster.haproxy.listReady()).length > 0);
  const ready = await fetch(`${cluster.url}/readyz`);
  const { reasons } = (await ready.json()) as { reasons: string[] };
  // The bus is in the same database, and is the first to notice.
  expect(reasons.join()).toMatch(/database cannot be reached|connected to the bus/);
  await cluster.postgres.start();
  while ((await cluster.haproxy.listReady()).length === 0);
  expect((await fetch(`${cluster.url}/readyz`)).status).toBe(200);
}, 60_000);

test('a hub that hangs receives no requests until it continues', async () => {
  hub().freeze();
  while ((await cluster.haproxy.listReady()).length > 0);
  hub().thaw();
  while ((await cluster.haproxy.listReady()).length === 0);
  expect((await fetch(`${cluster.url}/readyz`)).status).toBe(200);
});

test('an agent and a dashboard connect again after a crash and after a restart of the hub', async () => {
  for (const end of ['kill', 'stop'] as const) {
    const dashboard = await openConnectedDashboard();
    expect(await hub()[end]()).toBe(end === 'stop' ? 0 : 137);
    await dashboard.closed;
    expect((await fetch(`${cluster.url}/readyz`)).status).toBe(503);
    await hub().start();
    while ((await fetch(`${cluster.url}/readyz`)).status !== 200);
    const connected = await openConnectedDashboard();
    await connected.waitForAgentStatus('online', 'agent-1');
    connected.terminate();
  }
}, 120_000);

test('no page fails while one of several hubs crashes, stops and starts', async () => {
  await using several = await startCluster({ hubs: 2, agents: 0 });
  const [first, second] = several.hubs;
  const statuses = new Map<string, number>();
  const done = new AbortController();
  const count = (result: string) => void statuses.set(result, (statuses.get(result) ?? 0) + 1);

  async function openPages() {
    while (!done.signal.aborted) {
      const response = await fetch(`${several.url}/login`);
      await response.text();
      count(`page ${response.status}`);
      await wait(LOAD_INTERVAL_MS);
    }
  }

  async function openSockets() {
    while (!done.signal.aborted) {
      const socket = new WebSocket(`${several.url.replace('http', 'ws')}/ws/dashboard`);
      const opened = await new Promise<boolean>((resolve) => {
        socket.addEventListener('open', () => resolve(true));
        socket.addEventListener('error', () => resolve(false));
      });
      socket.close();
      count(`socket ${opened}`);
      await wait(LOAD_INTERVAL_MS);
    }
  }

  const clients = [openPages(), openPages(), openSockets()];
  for (const hubToEnd of [first, second]) {
    for (const end of ['kill', 'stop'] as const) {
      await hubToEnd?.[end]();
      await hubToEnd?.start();
      while ((await several.haproxy.listReady()).length < 2);
    }
  }
  done.abort();
  await Promise.all(clients);
  expect([...statuses.keys()].toSorted()).toEqual(['page 200', 'socket true']);
}, 120_000);

// Rate limits for requests and connections: per address without valid credentials, and per user and agent token with them.
import { expect, test } from 'bun:test';
import {
  AGENT_CONNECT_RATE,
  ANONYMOUS_REQUEST_RATE,
  DASHBOARD_CONNECT_RATE,
} from '../../src/protocol/limits.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { connectDashboard, openDashboard } from '../support/hub/dashboard.ts';
import { connectAgent, openAgent } from '../support/hub/scripted-agent.ts';

const PROXY = { trustedProxies: ['127.0.0.1'] };

/** Sends requests until the limit of an address is reached. */
async function exhaust(hub: TestHub, path: string, from: string) {
  for (let sent = 0; sent < ANONYMOUS_REQUEST_RATE.burst; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => request(hub, path, from)));
  }
}

async function request(hub: TestHub, path: string, from: string, headers = {}) {
  const response = await fetch(hub.url + path, {
    redirect: 'manual',
    headers: { 'x-forwarded-for': from, ...headers },
  });
  await response.body?.cancel();
  return response;
}

test('requests without valid credentials are limited per address', async () => {
  await using hub = await startTestHub(PROXY);
  await exhaust(hub, '/healthz', '192.0.2.1');
  for (const path of ['/healthz', '/login', '/setup', '/api/v1/agents', '/api/v1/agents/a/token']) {
    const { status, headers } = await request(hub, path, '192.0.2.1');
    expect([path, status, headers.get('retry-after')]).toEqual([path, 429, '30']);
  }
  for (const path of ['/ws/agent', '/ws/dashboard', '/agents']) {
    expect([path, (await request(hub, path, '192.0.2.1')).status]).toEqual([path, 429]);
  }
  expect((await request(hub, '/healthz', '192.0.2.2')).status).toBe(200);
  const warnings = hub.logEntries.filter(({ message }) => message.startsWith('Rejected requests'));
  expect(warnings).toMatchObject([{ fields: { client: 'address 192.0.2.1', count: 1 } }]);
  hub.clock.advance(1_000);
  expect((await request(hub, '/healthz', '192.0.2.1')).status).toBe(200);
}, 60_000);

test('users and agents at an address above the limit are not affected', async () => {
  await using hub = await startTestHub(PROXY);
  const agentToken = await hub.addAgent();
  await exhaust(hub, '/healthz', '192.0.2.1');
  expect((await request(hub, '/healthz', '192.0.2.1')).status).toBe(429);
  const cookie = { cookie: `signalbox=${await hub.issueToken()}` };
  expect((await request(hub, '/healthz', '192.0.2.1', cookie)).status).toBe(200);
  const agent = { authorization: `Bearer ${agentToken}` };
  expect((await request(hub, '/ws/agent', '192.0.2.1', agent)).status).toBe(426);
  expect((await request(hub, '/api/v1/agents/agent/token', '192.0.2.1', agent)).status).toBe(204);
}, 60_000);

test('a user cannot connect dashboards without limit, and does not keep others out', async () => {
  await using hub = await startTestHub();
  for (let i = 0; i < DASHBOARD_CONNECT_RATE.burst; i++) {
    const dashboard = await connectDashboard(hub);
    dashboard.close();
    await dashboard.closed;
  }
  const rejected = await openDashboard(hub);
  const clientInfo = { userAgent: 'test', timezone: 'UTC' };
  rejected.send({ type: 'dashboard:connect', token: await hub.issueToken(), clientInfo });
  expect(await rejected.closed).toMatchObject({ code: 1013, reason: 'limit' });
  (await connectDashboard(hub, { userId: 'bob' })).close();
  hub.clock.advance(1_000);
  (await connectDashboard(hub)).close();
}, 60_000);

test('an agent cannot connect without limit, and does not keep others out', async () => {
  await using hub = await startTestHub();
  const { token, ...first } = await connectAgent(hub);
  first.close();
  await first.closed;
  for (let i = 1; i < AGENT_CONNECT_RATE.burst; i++) {
    const agent = await connectAgent(hub, { token });
    agent.close();
    await agent.closed;
  }
  const rejected = await openAgent(hub);
  rejected.sendConnect({ token });
  expect(await rejected.closed).toMatchObject({ code: 1013, reason: 'limit' });
  (await connectAgent(hub, { agentId: 'other' })).close();
  hub.clock.advance(1_000);
  (await connectAgent(hub, { token })).close();
}, 60_000);

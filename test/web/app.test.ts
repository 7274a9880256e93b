// The web application: internal errors, logging and the health check.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { SECRET, startTestHub } from '../support/hub/hub.ts';
import { addAdmin, expectError, PASSWORD, signIn } from './helpers.ts';

test('an internal error responds with 503, and is logged without the request', async () => {
  await using hub = await startTestHub();
  hub.store.fail((call) => call === 'commands.listPage');
  await expectError(hub.callApi('GET', '/commands?q=my-secret'), 503, 'unavailable');
  const line = hub.logEntries.find(({ level }) => level === 'error');
  expect(line).toMatchObject({ fields: { path: '/api/v1/commands' } });
});

test('while the hub drains, requests in progress finish and new ones are rejected', async () => {
  await using hub = await startTestHub();
  const token = await hub.issueToken();
  hub.store.hold((call) => call === 'commands.listPage');
  const started = hub.callApi('GET', '/commands?q=x', { token });
  await hub.store.waitForFault('commands.listPage');
  hub.drain();
  const late = await hub.callApi('GET', '/agents', { token });
  expect(late.headers.get('retry-after')).toBe('5');
  await expectError(late, 503, 'unavailable');
  expect(hub.servers.countRequests()).toBe(1);
  hub.store.release();
  expect((await started).status).toBe(200);
  expect(hub.servers.countRequests()).toBe(0);
});

test('a request is in progress until its handler ends, also when its client has gone', async () => {
  await using hub = await startTestHub();
  const headers = { authorization: `Bearer ${await hub.issueToken()}` };
  hub.store.hold((call) => call === 'commands.listPage');
  const client = new AbortController();
  const { signal } = client;
  const left = fetch(`${hub.url}/api/v1/commands?q=x`, { headers, signal }).catch(() => 'left');
  await hub.store.waitForFault('commands.listPage');
  client.abort();
  expect(await left).toBe('left');
  await hub.callApi('GET', '/agents');
  expect(hub.servers.countRequests()).toBe(1);
  hub.store.release();
  await hub.flush();
  expect(hub.servers.countRequests()).toBe(0);
});

test('no secret, token or password is logged', async () => {
  await using on = await startHubFixture();
  const { hub } = on;
  await addAdmin(hub);
  await signIn(hub, { username: 'admin', password: 'a wrong password' });
  const session = await (await signIn(hub)).json();
  await connectDashboard(hub, { token: session.token });
  hub.store.fail(() => true);
  const body = { agentId: 'agent', command: `!curl -H "token: ${session.token}"` };
  await hub.callApi('POST', '/commands', { body, token: session.token });
  on.dashboard.sendFrame(`{"type":"dashboard:connect","token":"${session.token}"`);
  on.agent.sendFrame(`{"type":"agent:connect","version":"1.0.0","token":"${on.agent.token}"}`);
  await on.dashboard.waitForError('invalid_message');
  await on.agent.waitFor('error');
  on.agent.terminate();
  await on.agent.closed;
  hub.store.clearFaults();
  await hub.flush();
  expect(hub.logEntries.length).toBeGreaterThan(2);
  const text = Bun.inspect(hub.logEntries, { depth: 10 });
  for (const secret of [SECRET, session.token, on.agent.token, PASSWORD, 'a wrong password']) {
    expect(text.includes(secret)).toBe(false);
  }
});

test('the health check requires no token', async () => {
  await using hub = await startTestHub();
  const response = await fetch(`${hub.url}/healthz`);
  expect([response.status, await response.json()]).toMatchObject([
    200,
    { status: 'ok', name: 'signalbox', version: '0.0.0-test', pid: process.pid },
  ]);
});

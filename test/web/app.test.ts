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

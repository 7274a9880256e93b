// The web application: internal errors, logging and the health check.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { SECRET, startTestHub } from '../support/hub/hub.ts';
import { createStage } from '../support/hub/stage.ts';
import { addAdmin, expectError, PASSWORD, signIn } from './helpers.ts';

test('an internal error responds with 503, and is logged without the request', async () => {
  await using hub = await startTestHub();
  hub.store.fail((call) => call === 'commands.listPage');
  await expectError(hub.call('GET', '/commands?q=my-secret'), 503, 'unavailable');
  const line = hub.log.find(({ level }) => level === 'error');
  expect(line).toMatchObject({ about: { path: '/api/v1/commands' } });
});

test('no secret, token or password is logged', async () => {
  await using on = await createStage();
  const { hub } = on;
  await addAdmin(hub);
  await signIn(hub, { username: 'admin', password: 'a wrong password' });
  const session = await (await signIn(hub)).json();
  await connectDashboard(hub, { token: session.token });
  hub.store.fail(() => true);
  const body = { agentId: 'agent', command: `!curl -H "token: ${session.token}"` };
  await hub.call('POST', '/commands', { body, token: session.token });
  on.dashboard.send(`{"type":"dashboard:connect","token":"${session.token}"`);
  on.agent.send(`{"type":"agent:connect","version":"1.0.0","token":"${on.agent.token}"}`);
  await on.dashboard.error('invalid_message');
  await on.agent.find('error');
  on.agent.cut();
  await on.agent.closed;
  hub.store.heal();
  await hub.settled();
  expect(hub.log.length).toBeGreaterThan(2);
  const text = Bun.inspect(hub.log, { depth: 10 });
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

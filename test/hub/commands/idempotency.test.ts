// Requests that repeat a requestId.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('a repeated requestId returns the same command on every socket and over the API', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls', { requestId: 'r' });
  expect(await fixture.dashboard.request('!ls', { requestId: 'r' })).toBe(id);
  const other = await connectDashboard(fixture.hub);
  expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
  const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
  expect((await (await fixture.hub.callApi('POST', '/commands', { body })).json()).commandId).toBe(
    id,
  );
  await fixture.agent.waitForExecute(id);
  fixture.agent.run(id);
  await fixture.agent.waitForAcknowledged(id);
  expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
  await fixture.hub.flush();
  expect(fixture.agent.executedCommands()).toEqual(['!ls']);
});

test('two requests before the first commit are one command', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.hold((call) => call === 'commands.insert');
  const requests = [1, 2].map(() => fixture.dashboard.request('!ls', { requestId: 'r' }));
  await fixture.hub.store.waitForFault('commands.insert');
  await fixture.dashboard.ping();
  fixture.hub.store.clearFaults();
  const [a, b] = await Promise.all(requests);
  expect(a).toBe(b as string);
  const page = await (await fixture.hub.callApi('GET', '/commands')).json();
  expect(page.items).toHaveLength(1);
});

test('a repeated requestId writes nothing, so that it is answered while the disk is full', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls', { requestId: 'r' });
  const writes: string[] = [];
  fixture.hub.store.fail((call) => call === 'commands.insert' && writes.push(call) > 0);
  const other = await connectDashboard(fixture.hub);
  expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
  expect(writes).toEqual([]);
});

test.each([
  ['agent', { agentId: 'second', command: '!ls' }],
  ['command', { agentId: 'agent', command: '!pwd' }],
])(
  'a requestId that was used for another %s is rejected, also after a restart',
  async (_name, body) => {
    await using before = await startHubFixture({ onDisk: true });
    await connectAgent(before.hub, { agentId: 'second' });
    await before.dashboard.request('!ls', { requestId: 'r' });
    const request = { ...body, requestId: 'r' };
    const response = await before.hub.callApi('POST', '/commands', { body: request });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ error: { code: 'request_id_reused' } });
    await using hub = await before.hub.restart();
    expect((await hub.callApi('POST', '/commands', { body: request })).status).toBe(409);
  },
);

test('the same requestId of another user is another command', async () => {
  await using fixture = await startHubFixture();
  const eve = await connectDashboard(fixture.hub, { userId: 'eve' });
  const mine = await fixture.dashboard.request('!ls', { requestId: 'r' });
  expect(await eve.request('!ls', { requestId: 'r' })).not.toBe(mine);
});

test('a requestId stays valid after a crash, even while the agent is offline, and expires after 24 hours', async () => {
  await using before = await startHubFixture({ onDisk: true });
  const id = await before.dashboard.request('!ls', { requestId: 'r' });
  const hub = await before.hub.crash();
  const dashboard = await connectDashboard(hub);
  expect(await dashboard.request('!ls', { requestId: 'r' })).toBe(id);
  const day = 86_400_000;
  await hub.advance(day - 60_000);
  const late = await connectDashboard(hub);
  expect(await late.request('!ls', { requestId: 'r' })).toBe(id);
  hub.clock.advance(60_001);
  await connectAgent(hub, { token: before.agent.token });
  const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
  const response = await hub.callApi('POST', '/commands', { body });
  expect(response.status).toBe(202);
  expect((await response.json()).commandId).not.toBe(id);
});

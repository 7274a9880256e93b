// How the hub detects and reports that it cannot write to its disk.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

test('agents are notified when writes fail, when they work again, and when connecting in between', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.fail(() => true);
  fixture.hub.clock.advance(5_000);
  await fixture.agent.waitFor('hub:storage', ({ failing }) => failing);
  const late = await connectAgent(
    { ...fixture.hub, addAgent: () => Promise.resolve(fixture.agent.token) },
    {},
  );
  await late.waitFor('hub:storage', ({ failing }) => failing);
  fixture.hub.store.clearFaults();
  fixture.hub.clock.advance(5_000);
  await late.waitFor('hub:storage', ({ failing }) => !failing);
  fixture.hub.clock.advance(10_000);
  await fixture.hub.flush();
  await late.ping();
  expect(late.ofType('hub:storage').map(({ failing }) => failing)).toEqual([true, false]);
  const id = await fixture.dashboard.request('!ls');
  await late.waitForExecute(id);
});

test('a failed write is detected before the next probe', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.fail((call) => call === 'commands.insert' || call === 'store.probe');
  const body = { agentId: 'agent', command: '!ls' };
  expect((await fixture.hub.callApi('POST', '/commands', { body })).status).toBe(503);
  await fixture.agent.waitFor('hub:storage', ({ failing }) => failing);
  const errors = fixture.hub.logEntries.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
});

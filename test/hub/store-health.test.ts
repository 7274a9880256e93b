// A hub whose disk cannot be written: it says so to those who must know, and takes up its work again.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

test('agents are told when writing fails, when it works again, and on arrival in between', async () => {
  await using on = await startHubFixture();
  on.hub.store.fail(() => true);
  on.hub.clock.advance(5_000);
  await on.agent.waitFor('hub:storage', ({ failing }) => failing);
  const late = await connectAgent(
    { ...on.hub, addAgent: () => Promise.resolve(on.agent.token) },
    {},
  );
  await late.waitFor('hub:storage', ({ failing }) => failing);
  on.hub.store.clearFaults();
  on.hub.clock.advance(5_000);
  await late.waitFor('hub:storage', ({ failing }) => !failing);
  on.hub.clock.advance(10_000);
  await on.hub.flush();
  await late.ping();
  expect(late.ofType('hub:storage').map(({ failing }) => failing)).toEqual([true, false]);
  const id = await on.dashboard.request('!ls');
  await late.waitForExecute(id);
});

test('a write that fails is known before the next probe', async () => {
  await using on = await startHubFixture();
  on.hub.store.fail((call) => call === 'commands.insert' || call === 'store.probe');
  const body = { agentId: 'agent', command: '!ls' };
  expect((await on.hub.callApi('POST', '/commands', { body })).status).toBe(503);
  await on.agent.waitFor('hub:storage', ({ failing }) => failing);
  const told = on.hub.logEntries.filter(({ level }) => level === 'error');
  expect(told).toHaveLength(1);
});

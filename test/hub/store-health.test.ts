// A hub whose disk cannot be written: it says so to those who must know, and takes up its work again.
import { expect, test } from 'bun:test';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { createStage } from '../support/hub/stage.ts';

test('agents are told when writing fails, when it works again, and on arrival in between', async () => {
  await using on = await createStage();
  on.hub.store.fail(() => true);
  on.hub.clock.advance(5_000);
  await on.agent.find('hub:storage', ({ failing }) => failing);
  const late = await connectAgent(
    { ...on.hub, addAgent: () => Promise.resolve(on.agent.token) },
    {},
  );
  await late.find('hub:storage', ({ failing }) => failing);
  on.hub.store.heal();
  on.hub.clock.advance(5_000);
  await late.find('hub:storage', ({ failing }) => !failing);
  on.hub.clock.advance(10_000);
  await on.hub.settled();
  await late.ping();
  expect(late.ofType('hub:storage').map(({ failing }) => failing)).toEqual([true, false]);
  const id = await on.dashboard.request('!ls');
  await late.given(id);
});

test('a write that fails is known before the next probe', async () => {
  await using on = await createStage();
  on.hub.store.fail((call) => call === 'commands.insert' || call === 'store.probe');
  const body = { agentId: 'agent', command: '!ls' };
  expect((await on.hub.call('POST', '/commands', { body })).status).toBe(503);
  await on.agent.find('hub:storage', ({ failing }) => failing);
  const told = on.hub.log.filter(({ level }) => level === 'error');
  expect(told).toHaveLength(1);
});

// Paused agents receive no queued commands.
import { expect, test } from 'bun:test';
import type { Actor } from '../../../src/hub/state/dashboard.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('a paused agent finishes its command and receives no other until it is resumed', async () => {
  await using on = await startHubFixture();
  const first = await on.startCommand('!first');
  on.dashboard.send({ type: 'agent:pause', agentId: 'agent', note: ' deploying ' });
  await on.dashboard.waitFor('agent:updated');
  expect(on.hub.hub.registry.find('agent')).toMatchObject({
    paused: { by: 'ada', at: on.hub.clock.now(), note: 'deploying' },
  });
  const second = await on.dashboard.request('!second');
  on.agent.sendFinished(first);
  await on.dashboard.waitForAgentStatus('online');
  await on.agent.ping();
  expect(on.agent.executedCommands()).toEqual(['!first']);
  on.dashboard.send({ type: 'agent:resume', agentId: 'agent' });
  await on.agent.waitForExecute(second);
  expect(on.hub.hub.registry.find('agent')?.paused).toBeNull();
});

test('a pause survives a restart of the hub', async () => {
  await using on = await startHubFixture({ onDisk: true });
  on.dashboard.send({ type: 'agent:pause', agentId: 'agent' });
  await on.dashboard.waitFor('agent:updated');
  const id = await on.dashboard.request('!a');
  await using hub = await on.hub.crash();
  expect(hub.hub.registry.find('agent')?.paused).toMatchObject({ by: 'ada', note: null });
  const agent = await connectAgent(hub, { token: on.agent.token });
  await agent.ping();
  expect(agent.executedCommands()).toEqual([]);
  const dashboard = await connectDashboard(hub);
  dashboard.send({ type: 'agent:resume', agentId: 'agent' });
  await agent.waitForExecute(id);
});

test('pausing is for operators who are granted the agent, and is recorded', async () => {
  await using on = await startHubFixture();
  const { pauseAgents } = on.hub.hub;
  const viewer = { userId: 'vera', role: 'viewer', agents: null } as const;
  expect(pauseAgents.pause(viewer, 'agent', {})).rejects.toThrow('You cannot change the queue.');
  const other = { userId: 'otto', role: 'operator', agents: ['x'] } satisfies Actor;
  expect(pauseAgents.pause(other, 'agent', {})).rejects.toThrow('Agent "agent" not found.');
  const ada = { userId: 'ada', role: 'operator', agents: null } as const;
  await pauseAgents.resume(ada, 'agent');
  await pauseAgents.pause(ada, 'agent', { note: 'a' });
  await pauseAgents.pause(ada, 'agent', { note: 'b' });
  await pauseAgents.resume(ada, 'agent');
  const { items } = await on.hub.store.audit.listPage({ actor: 'ada', target: 'agent' });
  expect(items.map(({ action, detail }) => [action, detail])).toEqual([
    ['agent.resumed', {}],
    ['agent.paused', { note: 'b' }],
    ['agent.paused', { note: 'a' }],
  ]);
});

test('a pause that cannot be saved is rejected', async () => {
  await using on = await startHubFixture();
  on.hub.store.fail((call) => call === 'agents.update');
  on.dashboard.send({ type: 'agent:pause', agentId: 'agent' });
  await on.dashboard.waitForError('unavailable');
  expect(on.hub.hub.registry.find('agent')?.paused).toBeNull();
});

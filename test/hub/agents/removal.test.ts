// Agents that are removed, with their commands and output.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('dashboards are told that an agent was removed', async () => {
  await using on = await startHubFixture();
  await on.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  await on.dashboard.waitFor('agent:removed', ({ agentId }) => agentId === 'agent');
});

test('changed capabilities are published without repeating the status', async () => {
  await using on = await startHubFixture();
  await on.dashboard.waitFor('agent:status');
  const before = on.dashboard.ofType('agent:status').length;
  on.agent.send({ type: 'agent:capabilities', capabilities: ['shell', '/review'] });
  await on.dashboard.waitFor('agent:updated', ({ agentId }) => agentId === 'agent');
  await on.dashboard.ping();
  expect(on.dashboard.ofType('agent:status')).toHaveLength(before);
});

test('the output of a removed agent is freed once nobody reads it', async () => {
  await using on = await startHubFixture();
  const { hub, agent, dashboard } = on;
  const id = await on.startCommand();
  agent.sendOutput(id, 'hello');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  for (let i = 0; i < 3; i += 1) await hub.advance(1_000, dashboard);
  expect(hub.hub.state.terminalBuffers.size).toBe(0);
  expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
});

test('a command that is being committed does not reach an agent added again under the same ID', async () => {
  await using on = await startHubFixture();
  const { hub, dashboard } = on;
  hub.store.hold((call) => call === 'commands.insert');
  const requestId = 'r1';
  dashboard.send({
    type: 'command:request',
    agentId: 'agent',
    command: '!ls',
    priority: 'normal',
    requestId,
  });
  await hub.store.waitForFault('commands.insert');
  await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  const second = await connectAgent(hub);
  hub.store.clearFaults();
  const { commandId } = await dashboard.waitFor('command:accepted');
  const failed = await dashboard.waitForStatus(commandId, 'failed');
  expect(failed.error?.code).toBe('agent_lost');
  await second.ping();
  expect(second.executedCommands()).toEqual([]);
});

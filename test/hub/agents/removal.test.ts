// Agents that are removed, with their commands and output.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import {
  connectAgent,
  connectManualAgent,
  openAgent,
  openOtherInstance,
} from '../../support/hub/scripted-agent.ts';

test('dashboards are notified that an agent was removed', async () => {
  await using fixture = await startHubFixture();
  await fixture.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  await fixture.dashboard.waitFor('agent:removed', ({ agentId }) => agentId === 'agent');
});

test('a removed agent is disconnected, its commands fail as agent_lost and its token is rejected', async () => {
  await using fixture = await startHubFixture();
  const running = await fixture.startCommand();
  const queued = await fixture.dashboard.request('!next');
  const response = await fixture.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  expect(response.status).toBe(204);
  expect(await fixture.agent.closed).toEqual({ code: 1008, reason: 'revoked' });
  for (const id of [running, queued]) {
    expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await fixture.dashboard.waitForComplete(id);
  }
  const reconnected = await openAgent(fixture.hub);
  reconnected.sendConnect({ token: fixture.agent.token });
  expect(await reconnected.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
  expect(await (await fixture.hub.callApi('GET', '/agents')).json()).toMatchObject({ items: [] });
});

test('a second instance that is waiting to take over is rejected', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const second = await openOtherInstance(hub, first);
  await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  expect(await second.closed).toEqual({ code: 1008, reason: 'revoked' });
  hub.clock.advance(2_000);
  expect(second.ofType('agent:welcome')).toEqual([]);
});

test('the terminal of a command that is still stopping is completed', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitFor('command:interrupt');
  await fixture.hub.advance(30_000, fixture.agent, fixture.dashboard);
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  await fixture.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  await fixture.dashboard.waitForComplete(id);
});

test('a command that is being committed fails as agent_lost', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.hold((call) => call === 'commands.insert');
  const request = fixture.dashboard.request('!ls');
  await fixture.hub.store.waitForFault('commands.insert');
  await fixture.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  fixture.hub.store.clearFaults();
  const id = await request;
  expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  const agent = await connectAgent(fixture.hub);
  const next = await fixture.dashboard.request('!next');
  await agent.waitForExecute(next);
  expect(agent.executedCommands()).toEqual(['!next']);
});

test('a command that is being committed does not reach an agent added again under the same ID', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
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

test('a command that is about to be sent does not reach an agent added again under the same ID', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  hub.store.hold((call, [, changes]) => call === 'commands.update' && 'sent' in Object(changes));
  const id = await dashboard.request('!ls');
  await hub.store.waitForFault('commands.update');
  await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  hub.store.clearFaults();
  expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  const agent = await connectAgent(hub);
  await agent.waitForExecute(await dashboard.request('!next'));
  expect(agent.executedCommands()).toEqual(['!next']);
});

test('the output of a removed agent is freed once no dashboard reads it', async () => {
  await using fixture = await startHubFixture({ settings: { transcriptRetentionMs: 0 } });
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'hello');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
  for (let i = 0; i < 3; i += 1) await hub.advance(1_000, dashboard);
  expect(hub.hub.state.terminalBuffers.size).toBe(0);
  expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
});

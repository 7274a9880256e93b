// Interrupts of queued, sent and running commands.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { createHeldCommand } from '../../support/hub/scripted-agent.ts';

test('a queued command is removed from the queue at once', async () => {
  await using fixture = await startHubFixture();
  const first = await fixture.startCommand();
  const second = await fixture.dashboard.request('!second');
  const third = await fixture.dashboard.request('!third');
  fixture.dashboard.send({ type: 'command:interrupt', commandId: second });
  const update = await fixture.dashboard.waitForStatus(second, 'interrupted');
  expect(update).not.toHaveProperty('exitCode');
  expect(fixture.dashboard.statusesOf(second)).toEqual(['queued', 'interrupted']);
  await fixture.dashboard.waitForComplete(second);
  fixture.agent.sendFinished(first);
  await fixture.agent.waitForExecute(third);
  expect(fixture.agent.executedCommands()).toEqual(['!sleep', '!third']);
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
});

test('a command that is about to be sent is not sent', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.store.hold((call) => call === 'commands.update');
  const id = await fixture.dashboard.request('!ls');
  await fixture.hub.store.waitForFault('commands.update');
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.dashboard.ping();
  fixture.hub.store.clearFaults();
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  const next = await fixture.dashboard.request('!next');
  await fixture.agent.waitForExecute(next);
  expect(fixture.agent.executedCommands()).toEqual(['!next']);
});

test('a sent command that has not started is interrupted by its agent', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  expect(await fixture.agent.waitFor('command:interrupt')).toMatchObject({
    commandId: id,
    reason: 'user',
  });
  fixture.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'queued', 'interrupted']);
  expect(await fixture.hub.store.commands.find(id)).toMatchObject({
    startedAt: null,
    exitCode: null,
  });
});

test.each([
  ['interrupted', { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' }],
  ['completed', { outcome: 'completed', exitCode: 0 }],
  ['failed', { outcome: 'failed', exitCode: 2 }],
] as const)('a running command ends as its agent reports: %s', async (status, result) => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitFor('command:interrupt');
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running']);
  fixture.agent.sendFinished(id, result);
  await fixture.dashboard.waitForStatus(id, status);
});

test('an interrupt can be repeated by anyone and over the API', async () => {
  await using fixture = await startHubFixture();
  const eve = await connectDashboard(fixture.hub, { userId: 'eve' });
  const id = await fixture.startCommand();
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  eve.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitUntil(
    () => fixture.agent.ofType('command:interrupt')[1],
    'both interrupts',
  );
  expect((await fixture.hub.callApi('POST', `/commands/${id}/interrupt`)).status).toBe(202);
  fixture.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  await eve.ping();
  expect([...fixture.dashboard.ofType('error'), ...eve.ofType('error')]).toEqual([]);
});

test('an interrupt over the API returns the command', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  const response = await fixture.hub.callApi('POST', `/commands/${id}/interrupt`);
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({
    commandId: id,
    status: 'running',
    stopReason: 'user',
  });
});

test('an interrupt that cannot be stored is reported as unavailable, and sent all the same', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.hub.store.fail((call) => call === 'commands.update');
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitFor('command:interrupt');
  await fixture.dashboard.waitFor('error', ({ code }) => code === 'unavailable');
});

test('an interrupt of an ended or unknown command is rejected', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  expect(await fixture.dashboard.waitForError('command_not_active')).toMatchObject({
    commandId: id,
  });
  fixture.dashboard.send({ type: 'command:interrupt', commandId: 'unknown' });
  expect(await fixture.dashboard.waitForError('command_unknown')).toMatchObject({
    commandId: 'unknown',
  });
});

test('a command that times out after an interrupt is interrupted, not failed', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand('!sleep', { timeoutMs: 10_000 });
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitFor('command:interrupt', ({ reason }) => reason === 'user');
  await fixture.hub.advance(10_000, fixture.agent);
  fixture.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  expect(fixture.agent.ofType('command:interrupt')).toHaveLength(1);
});

test('a command that is interrupted before it starts is interrupted once', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await dashboard.request('!ls');
  await agent.waitForExecute(id);
  await hub.advance(10_000, agent, dashboard);
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await agent.waitFor('command:interrupt');
  await hub.advance(25_000, agent, dashboard);
  expect(agent.ofType('command:interrupt')).toHaveLength(1);
});

test('an interrupt is confirmed once it is committed, also after the disk has failed', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  hub.store.fail((call) => call === 'store.probe');
  hub.clock.advance(5_000);
  await agent.waitFor('hub:storage', ({ failing }) => failing);
  hub.store.clearFaults();
  hub.clock.advance(5_000);
  await agent.waitFor('hub:storage', ({ failing }) => !failing);
  hub.store.hold((call) => call === 'commands.update');
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await hub.store.waitForFault('commands.update');
  await dashboard.ping();
  expect(dashboard.statusesOf(id)).toEqual(['queued', 'running']);
  hub.store.clearFaults();
  await dashboard.waitUntil(() => dashboard.statusesOf(id).length === 3, 'the confirmation');
});

test('an interrupt without a result is final after 30 s, and the agent receives nothing until it sends one', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  const next = await dashboard.request('!next');
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await agent.waitFor('command:interrupt');
  await hub.advance(29_000, agent, dashboard);
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await dashboard.ping();
  // Each interrupt is answered with the status.
  expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'running', 'running']);
  await hub.advance(1_000, agent, dashboard);
  await dashboard.waitForStatus(id, 'interrupted');
  await hub.flush();
  expect(agent.executedCommands()).toEqual(['!sleep']);
  agent.sendOutput(id, 'late output');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await dashboard.waitForComplete(id);
  expect(dashboard.outputOf(id)).toBe('late output');
  await agent.waitForExecute(next);
});

test('an interrupt that crosses with the start is final after 30 s', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await dashboard.request('!ls');
  await agent.waitForExecute(id);
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await agent.waitFor('command:interrupt');
  agent.sendStarted(id);
  await dashboard.waitForStatus(id, 'running');
  await hub.advance(30_000, agent, dashboard);
  await dashboard.waitForStatus(id, 'interrupted');
});

test('an interrupt while the agent is offline is final at once, and the agent must stop when it reconnects', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  const next = await dashboard.request('!next');
  agent.sendOutput(id, 'before');
  await dashboard.waitForOutput(id);
  await fixture.disconnectAgent();
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await dashboard.waitForStatus(id, 'interrupted');

  const held = [createHeldCommand(id, { firstSequence: 1, nextSequence: 2 })];
  const reconnected = await fixture.reconnectAgent({ held });
  expect(await reconnected.waitFor('agent:welcome')).toMatchObject({
    stop: [id],
    resume: [{ commandId: id, nextSequence: 1 }],
  });
  await dashboard.waitForAgentStatus('busy');
  reconnected.setNextSequence(id, 1);
  reconnected.sendOutput(id, ' after');
  await hub.flush();
  expect(reconnected.executedCommands()).toEqual([]);
  reconnected.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await dashboard.waitForComplete(id);
  expect(dashboard.outputOf(id)).toBe('before after');
  await reconnected.waitForAcknowledged(id);
  await reconnected.waitForExecute(next);
  expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'interrupted']);
});

test('an interrupt is sent again if the agent reconnects before it has answered', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.agent.waitFor('command:interrupt');
  await fixture.disconnectAgent();
  const held = [createHeldCommand(id)];
  const reconnected = await fixture.reconnectAgent({ held });
  await reconnected.waitFor('command:interrupt', ({ commandId }) => commandId === id);
  reconnected.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await fixture.dashboard.waitForStatus(id, 'interrupted');
});

test('a command that the agent stopped for another reason is interrupted, if a user had interrupted it', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await agent.waitFor('command:interrupt');
  const error = { code: 'agent_lost', message: 'The hub had ended this command.' } as const;
  agent.sendFinished(id, { outcome: 'failed', exitCode: null, error });
  expect(await dashboard.waitForStatus(id, 'interrupted')).not.toHaveProperty('error');
});

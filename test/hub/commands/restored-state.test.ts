// What a restarted hub still knows: interrupts, open output, and when agents were last seen.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const heldBy = (commandId: string, nextSequence = 0) => [
  { commandId, attempt: 1, firstSequence: 0, nextSequence, lostBytes: 0, finished: false },
];

describe('an interrupt', () => {
  test('is answered with the status, and sent again after a crash', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.dashboard.waitUntil(
      () => on.dashboard.statusesOf(id).filter((status) => status === 'running')[1],
      'the answer',
    );
    await using hub = await on.hub.crash();
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, { token: on.agent.token, held: heldBy(id) });
    expect(await agent.waitFor('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'user',
    });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.waitForStatus(id, 'interrupted');
  });

  test('of a command whose agent never comes back ends it as interrupted', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt');
    await on.hub.flush();
    await using hub = await on.hub.crash();
    const dashboard = await connectDashboard(hub);
    await hub.advance(300_000, dashboard);
    await dashboard.waitForStatus(id, 'interrupted');
  });

  test('that cannot be saved says so, and is sent all the same', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.hub.store.fail((call) => call === 'commands.update');
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt');
    await on.dashboard.waitFor('error', ({ code }) => code === 'unavailable');
  });

  test('over the API returns the command', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    const response = await on.hub.callApi('POST', `/commands/${id}/interrupt`);
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      commandId: id,
      status: 'running',
      stopReason: 'user',
    });
  });
});

test('the output of a command that was stopped is received after a restart', async () => {
  await using on = await startHubFixture({ onDisk: true });
  const id = await on.startCommand();
  on.agent.sendOutput(id, 'before ');
  await on.agent.waitForAck(id, 1);
  on.agent.terminate();
  await on.agent.closed;
  on.dashboard.send({ type: 'command:interrupt', commandId: id });
  await on.dashboard.waitForStatus(id, 'interrupted');
  await using hub = await on.hub.restart();
  const dashboard = await connectDashboard(hub);
  dashboard.send({ type: 'terminal:attach', commandId: id });
  const agent = await connectAgent(hub, { token: on.agent.token, held: heldBy(id, 1) });
  expect(await agent.waitFor('agent:welcome')).toMatchObject({
    stop: [id],
    resume: [{ commandId: id, nextSequence: 1 }],
  });
  agent.setNextSequence(id, 1);
  agent.sendOutput(id, 'after');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await dashboard.waitForComplete(id);
  expect(dashboard.outputOf(id)).toBe('before after');
});

test('the size of late output is stored as soon as the disk works again', async () => {
  await using on = await startHubFixture();
  const id = await on.startCommand();
  on.agent.terminate();
  await on.agent.closed;
  on.dashboard.send({ type: 'command:interrupt', commandId: id });
  await on.dashboard.waitForStatus(id, 'interrupted');
  const agent = await connectAgent(on.hub, { token: on.agent.token, held: heldBy(id, 0) });
  agent.sendOutput(id, 'late');
  await agent.waitForAck(id, 1);
  on.hub.store.fail((call) => call === 'commands.update');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await on.hub.store.waitForFault('commands.update');
  await agent.ping();
  on.hub.store.clearFaults();
  await on.hub.advance(1_000, agent, on.dashboard);
  await on.hub.flush();
  expect(await on.hub.store.commands.find(id)).toMatchObject({ lastSequence: 0, totalBytes: 4 });
});

test('an agent that was connected before is offline since it was last seen', async () => {
  await using on = await startHubFixture({ onDisk: true });
  await on.hub.advance(120_000, on.agent, on.dashboard);
  const before = on.hub.hub.registry.find('agent');
  await using hub = await on.hub.crash(60_000);
  const after = hub.hub.registry.find('agent');
  expect(after).toMatchObject({
    status: 'offline',
    connectionTime: before?.connectionTime ?? null,
    capabilities: before?.capabilities ?? [],
  });
  const seen = before?.lastHeartbeat ?? 0;
  expect(after?.lastHeartbeat).toBeGreaterThanOrEqual(seen - 60_000);
  expect(after?.offlineSince).toBe(after?.lastHeartbeat ?? null);
});

test('a command that ended without its agent says since when the agent was offline', async () => {
  await using on = await startHubFixture();
  const id = await on.startCommand();
  await on.hub.advance(12_000, on.agent, on.dashboard);
  on.agent.terminate();
  await on.agent.closed;
  await on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
  const { startedAt } = (await on.hub.hub.history.find(id)) ?? {};
  await on.hub.advance(300_000, on.dashboard);
  await on.dashboard.waitForStatus(id, 'failed');
  expect(await on.hub.hub.history.find(id)).toMatchObject({
    error: { code: 'agent_lost' },
    disconnectedAt: (startedAt ?? 0) + 12_000,
  });
});

test('connections that a crash left open are closed', async () => {
  await using on = await startHubFixture({ onDisk: true });
  await on.hub.flush();
  await using hub = await on.hub.crash(1_000);
  const entries = await hub.store.connections.list(10);
  expect(entries.length).toBeGreaterThanOrEqual(2);
  for (const entry of entries) {
    expect(entry).toMatchObject({ disconnectedAt: hub.clock.now(), closeReason: 'hub_stopped' });
  }
});

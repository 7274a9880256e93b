// What the hub restores after a restart or a crash, and how it shuts down.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

/** Whether the changes to a command store that it is sent. */
const isSent = (changes: unknown) => (changes as { sent?: boolean }).sent === true;

describe('after a restart or a crash', () => {
  test.each(['restart', 'crash'] as const)(
    'queued commands run in order after a %s',
    async (method) => {
      await using before = await startHubFixture({ onDisk: true });
      const first = await before.startCommand('!first');
      const ids: Record<string, string> = {};
      for (const [command, priority] of [
        ['!low', 'low'],
        ['!normal', 'normal'],
        ['!high', 'high'],
      ] as const)
        ids[command] = await before.dashboard.request(command, { priority });
      await using hub = await before.hub[method]();
      const dashboard = await connectDashboard(hub);
      await dashboard.waitForStatus(first, 'running');
      for (const id of Object.values(ids)) await dashboard.waitForStatus(id, 'queued');
      const agent = await connectAgent(hub, {
        token: before.agent.token,
        held: [createHeldCommand(first)],
      });
      agent.sendFinished(first);
      for (const command of ['!high', '!normal', '!low']) {
        const execute = await agent.waitForExecute(String(ids[command]));
        expect(execute).toMatchObject({ command, attempt: 1 });
        agent.run(execute.commandId);
      }
      await dashboard.waitForStatus(String(ids['!low']), 'completed');
    },
  );

  test('a running command continues, and its output is complete', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'zero ');
    before.agent.sendOutput(id, 'err ', 'stderr');
    before.agent.sendOutput(id, 'two ');
    await before.agent.waitForAck(id, 3);
    await using hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    const held = [createHeldCommand(id, { firstSequence: 3, nextSequence: 5 })];
    const agent = await connectAgent(hub, { token: before.agent.token, held });
    expect(await agent.waitFor('agent:welcome')).toMatchObject({
      resume: [{ commandId: id, nextSequence: 3 }],
    });
    agent.setNextSequence(id, 3);
    agent.sendOutput(id, 'three ');
    agent.sendOutput(id, 'four');
    agent.sendFinished(id);
    const complete = await dashboard.waitForComplete(id);
    expect(dashboard.outputOf(id)).toBe('zero err two three four');
    const sequences = dashboard.sequencesOf(id);
    expect(sequences).toEqual(sequences.map((_, i) => i));
    expect(complete).toMatchObject({ lastSequence: sequences.length - 1, totalBytes: 23 });
    await dashboard.waitForStatus(id, 'completed');
    expect(await (await hub.callApi('GET', `/commands/${id}/output`)).text()).toBe(
      'zero err two three four',
    );
  });

  test('output that was not on disk is requested again', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'kept ');
    await before.agent.waitForAck(id, 1);
    before.hub.store.hold((call) => call === 'output.append');
    before.agent.sendOutput(id, 'lost');
    await before.dashboard.waitForOutput(id, 'kept lost');
    expect(before.agent.ofType('output:ack').map(({ nextSequence }) => nextSequence)).toEqual([1]);
    await using hub = await before.hub.crash();
    const held = [createHeldCommand(id, { firstSequence: 1, nextSequence: 2 })];
    const agent = await connectAgent(hub, { token: before.agent.token, held });
    const { resume } = await agent.waitFor('agent:welcome');
    expect(resume).toEqual([{ commandId: id, nextSequence: 1 }]);
  });

  test('an agent has 5 minutes to reconnect', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand('!long', { timeoutMs: 3_600_000 });
    await using hub = await before.hub.restart();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitForStatus(id, 'running');
    await hub.advance(299_999, dashboard);
    expect(dashboard.statusesOf(id)).toEqual(['running']);
    hub.clock.advance(1);
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  });

  test('downtime counts against the timeout of a command', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand('!long', { timeoutMs: 60_000 });
    await using hub = await before.hub.restart(50_000);
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, {
      token: before.agent.token,
      held: [createHeldCommand(id)],
    });
    await hub.advance(9_999, agent);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    hub.clock.advance(1);
    expect(await agent.waitFor('command:interrupt')).toMatchObject({ reason: 'timeout' });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
  });

  test('a command that may have started is not sent again', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.dashboard.request('!once');
    await before.agent.waitForExecute(id);
    await using hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    const token = before.agent.token;
    const other = await connectAgent(hub, { token, journalId: 'another' });
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    expect(other.executedCommands()).toEqual([]);
  });

  test('a command that the agent did not receive is sent again', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.dashboard.request('!once');
    await before.agent.waitForExecute(id);
    await using hub = await before.hub.crash();
    const agent = await connectAgent(hub, { token: before.agent.token });
    await agent.waitForExecute(id, 2);
  });

  test('the output of a stopped command is still received', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'before ');
    await fixture.agent.waitForAck(id, 1);
    await fixture.disconnectAgent();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.dashboard.waitForStatus(id, 'interrupted');
    await using hub = await fixture.hub.restart();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'terminal:attach', commandId: id });
    const agent = await connectAgent(hub, {
      token: fixture.agent.token,
      held: [createHeldCommand(id, { nextSequence: 1 })],
    });
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

  test('the output of ended commands can still be read', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'text');
    before.agent.sendFinished(id);
    await before.agent.waitForAcknowledged(id);
    await using hub = await before.hub.restart();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'terminal:attach', commandId: id });
    const complete = await dashboard.waitForComplete(id);
    expect(complete).toMatchObject({ lastSequence: 0, totalBytes: 4 });
    expect(dashboard.terminalMessages(id)).toMatchObject([
      { type: 'terminal:output', data: 'text', sequence: 0 },
      { type: 'terminal:complete' },
    ]);
    const response = await hub.callApi('GET', `/commands/${id}/output`);
    expect([response.status, await response.text()]).toEqual([200, 'text']);
  });

  test('the output of ended commands has expired if none is kept', async () => {
    const settings = { transcriptRetentionMs: 0 };
    await using before = await startHubFixture({ onDisk: true, settings });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'text');
    before.agent.sendFinished(id);
    await before.agent.waitForAcknowledged(id);
    await using hub = await before.hub.restart();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'terminal:attach', commandId: id });
    const complete = await dashboard.waitForComplete(id);
    expect(complete).toMatchObject({ lastSequence: 0, totalBytes: 4 });
    expect(dashboard.terminalMessages(id)[0]).toMatchObject({
      type: 'terminal:gap',
      fromSequence: 0,
      toSequence: 1,
      bytes: 4,
      reason: 'expired',
    });
    expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
    expect(await hub.store.output.listLatest(id, Infinity)).toEqual([]);
  });

  test('a disconnected agent is offline since its last heartbeat', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    await fixture.hub.advance(120_000, fixture.agent, fixture.dashboard);
    const before = fixture.hub.hub.registry.find('agent');
    await using hub = await fixture.hub.crash(60_000);
    const after = hub.hub.registry.find('agent');
    expect(after).toMatchObject({
      status: 'offline',
      connectionTime: before?.connectionTime ?? null,
      capabilities: before?.capabilities ?? [],
    });
    const lastHeartbeat = before?.lastHeartbeat ?? 0;
    expect(after?.lastHeartbeat).toBeGreaterThanOrEqual(lastHeartbeat - 60_000);
    expect(after?.offlineSince).toBe(after?.lastHeartbeat ?? null);
  });

  test('the connection and disconnection of an agent are stored at once', async () => {
    await using first = await startHubFixture({ onDisk: true });
    await first.hub.flush();
    const connected = first.hub.hub.registry.find('agent');
    await using second = await first.hub.crash();
    expect(second.hub.registry.find('agent')).toMatchObject({
      capabilities: ['prompt', 'shell'],
      connectionTime: connected?.connectionTime ?? null,
      lastHeartbeat: connected?.lastHeartbeat ?? null,
    });
    const agent = await connectAgent(second, { token: first.agent.token });
    second.clock.advance(5_000);
    await agent.ping();
    const dashboard = await connectDashboard(second);
    agent.terminate();
    await dashboard.waitForAgentStatus('offline');
    await second.flush();
    const lastHeartbeat = second.clock.now();
    await using third = await second.crash();
    expect(third.hub.registry.find('agent')).toMatchObject({ lastHeartbeat });
  });

  test('a command whose agent was removed fails, and its output is complete', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const stopping = await before.startCommand();
    before.dashboard.send({ type: 'command:interrupt', commandId: stopping });
    await before.agent.waitFor('command:interrupt');
    await before.hub.advance(30_000, before.agent, before.dashboard);
    await before.dashboard.waitForStatus(stopping, 'interrupted');
    const queued = await before.dashboard.request('!next');
    before.hub.store.hold((call) => call === 'commands.update');
    await before.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    await using hub = await before.hub.crash();
    await hub.flush();
    expect((await hub.hub.history.find(queued))?.error?.code).toBe('agent_lost');
    const dashboard = await connectDashboard(hub, { terminals: 'attached' });
    dashboard.send({ type: 'terminal:attach', commandId: stopping });
    await dashboard.waitForComplete(stopping);
  });

  test('a command whose agent disconnected before it was sent is sent to any of its processes', async () => {
    await using before = await startHubFixture({ onDisk: true });
    before.hub.store.hold((call) => call === 'commands.update');
    const id = await before.dashboard.request('!ls');
    await before.hub.store.waitForFault('commands.update');
    await before.disconnectAgent();
    before.hub.store.clearFaults();
    await before.hub.flush();
    await using hub = await before.hub.crash();
    const agent = await connectAgent(hub, { token: before.agent.token, journalId: 'another' });
    await agent.waitForExecute(id, 2);
  });

  test('a command that was interrupted before it was sent is not sent', async () => {
    await using before = await startHubFixture({ onDisk: true });
    before.hub.store.hold((call, [, changes]) => call === 'commands.update' && isSent(changes));
    const id = await before.dashboard.request('!ls');
    await before.hub.store.waitForFault('commands.update');
    before.dashboard.send({ type: 'command:interrupt', commandId: id });
    await before.dashboard.ping();
    await before.hub.flush();
    await using hub = await before.hub.crash();
    await hub.flush();
    expect(await hub.hub.history.find(id)).toMatchObject({ status: 'interrupted' });
    const agent = await connectAgent(hub, { token: before.agent.token });
    await agent.ping();
    expect(agent.executedCommands()).toEqual([]);
  });

  test('entries of the connection log that a crash left open are closed', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    await fixture.hub.flush();
    await using hub = await fixture.hub.crash(1_000);
    const entries = await hub.store.connections.list(10);
    expect(entries.length).toBeGreaterThanOrEqual(2);
    for (const entry of entries) {
      expect(entry).toMatchObject({ disconnectedAt: hub.clock.now(), closeReason: 'hub_stopped' });
    }
  });
});

test('old entries of the connection log are deleted at the start', async () => {
  await using before = await startHubFixture({ onDisk: true });
  await before.disconnectAgent();
  await before.hub.flush();
  const listAgents = async ({ store }: typeof before.hub) =>
    (await store.connections.list(10)).filter(({ kind }) => kind === 'agent');
  expect(await listAgents(before.hub)).toHaveLength(1);
  await using hub = await before.hub.restart(31 * 86_400_000);
  await hub.flush();
  expect(await listAgents(hub)).toEqual([]);
});

describe('an interrupt', () => {
  test('is confirmed with the status, and sent again after a crash', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    const id = await fixture.startCommand();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.dashboard.waitUntil(
      () => fixture.dashboard.statusesOf(id).filter((status) => status === 'running')[1],
      'the confirmation',
    );
    await using hub = await fixture.hub.crash();
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, {
      token: fixture.agent.token,
      held: [createHeldCommand(id)],
    });
    expect(await agent.waitFor('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'user',
    });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.waitForStatus(id, 'interrupted');
  });

  test('ends a command as interrupted if its agent does not reconnect after a crash', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    const id = await fixture.startCommand();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.agent.waitFor('command:interrupt');
    await fixture.hub.flush();
    await using hub = await fixture.hub.crash();
    const dashboard = await connectDashboard(hub);
    await hub.advance(300_000, dashboard);
    await dashboard.waitForStatus(id, 'interrupted');
  });
});

test('a shutdown closes all connections with 1001', async () => {
  await using before = await startHubFixture({ onDisk: true });
  const { agent, dashboard } = before;
  await using hub = await before.hub.restart();
  const closeEvents = await Promise.all([agent.closed, dashboard.closed]);
  expect(hub.hub.epoch).not.toBe(before.hub.hub.epoch);
  expect(closeEvents).toEqual([
    { code: 1001, reason: 'shutdown' },
    { code: 1001, reason: 'shutdown' },
  ]);
});

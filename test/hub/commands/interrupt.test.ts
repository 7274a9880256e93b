import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

describe('interrupt', () => {
  test('takes a queued command out of the queue at once', async () => {
    await using on = await startHubFixture();
    const first = await on.startCommand();
    const second = await on.dashboard.request('!second');
    const third = await on.dashboard.request('!third');
    on.dashboard.send({ type: 'command:interrupt', commandId: second });
    const told = await on.dashboard.waitForStatus(second, 'interrupted');
    expect(told).not.toHaveProperty('exitCode');
    expect(on.dashboard.statusesOf(second)).toEqual(['queued', 'interrupted']);
    await on.dashboard.waitForComplete(second);
    on.agent.sendFinished(first);
    await on.agent.waitForExecute(third);
    expect(on.agent.executedCommands()).toEqual(['!sleep', '!third']);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('of a command that is being handed out means that it is never sent', async () => {
    await using on = await startHubFixture();
    on.hub.store.hold((call) => call === 'commands.update');
    const id = await on.dashboard.request('!ls');
    await on.hub.store.waitForFault('commands.update');
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.dashboard.ping();
    on.hub.store.clearFaults();
    await on.dashboard.waitForStatus(id, 'interrupted');
    const next = await on.dashboard.request('!next');
    await on.agent.waitForExecute(next);
    expect(on.agent.executedCommands()).toEqual(['!next']);
  });

  test('of a command that was sent and has not started is asked of the agent', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    expect(await on.agent.waitFor('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'user',
    });
    on.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.waitForStatus(id, 'interrupted');
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'queued', 'interrupted']);
    expect(await on.hub.store.commands.find(id)).toMatchObject({ startedAt: null, exitCode: null });
  });

  test.each([
    ['interrupted', { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' }],
    ['completed', { outcome: 'completed', exitCode: 0 }],
    ['failed', { outcome: 'failed', exitCode: 2 }],
  ] as const)('of a running command ends as the agent says: %s', async (status, result) => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt');
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    on.agent.sendFinished(id, result);
    await on.dashboard.waitForStatus(id, status);
  });

  test('may be repeated, by anybody, and the API does the same', async () => {
    await using on = await startHubFixture();
    const eve = await connectDashboard(on.hub, { userId: 'eve' });
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    eve.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitUntil(() => on.agent.ofType('command:interrupt')[1], 'both');
    expect((await on.hub.callApi('POST', `/commands/${id}/interrupt`)).status).toBe(202);
    on.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.waitForStatus(id, 'interrupted');
    await eve.ping();
    expect([...on.dashboard.ofType('error'), ...eve.ofType('error')]).toEqual([]);
  });

  test('of a command that has ended is refused, and of one nobody knows too', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    expect(await on.dashboard.waitForError('command_not_active')).toMatchObject({ commandId: id });
    on.dashboard.send({ type: 'command:interrupt', commandId: 'nothing' });
    expect(await on.dashboard.waitForError('command_unknown')).toMatchObject({
      commandId: 'nothing',
    });
  });

  test('that the agent never answers is final after 30 s; the agent gets nothing new until it has ended', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
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
    agent.sendOutput(id, 'last words');
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.waitForComplete(id);
    expect(dashboard.outputOf(id)).toBe('last words');
    await agent.waitForExecute(next);
  });

  test('comes first: a time-out that follows does not make a failure of it', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand('!sleep', { timeoutMs: 10_000 });
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt', ({ reason }) => reason === 'user');
    await on.hub.advance(10_000, on.agent);
    on.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.waitForStatus(id, 'interrupted');
  });

  test('that crosses with the start is final after 30 s as well', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    await agent.waitForExecute(id);
    dashboard.send({ type: 'command:interrupt', commandId: id });
    await agent.waitFor('command:interrupt');
    agent.sendStarted(id);
    await dashboard.waitForStatus(id, 'running');
    await hub.advance(30_000, agent, dashboard);
    await dashboard.waitForStatus(id, 'interrupted');
  });

  test('while the agent is away is final at once, and the agent is told to stop when it returns', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
    const next = await dashboard.request('!next');
    agent.sendOutput(id, 'before');
    await dashboard.waitUntil(() => dashboard.outputOf(id) || undefined, 'output');
    agent.terminate();
    await dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    dashboard.send({ type: 'command:interrupt', commandId: id });
    await dashboard.waitForStatus(id, 'interrupted');

    const held = [
      {
        commandId: id,
        attempt: 1,
        firstSequence: 1,
        nextSequence: 2,
        lostBytes: 0,
        finished: false,
      },
    ];
    const back = await connectAgent(hub, { token: agent.token, held });
    expect(await back.waitFor('agent:welcome')).toMatchObject({
      stop: [id],
      resume: [{ commandId: id, nextSequence: 1 }],
    });
    await dashboard.waitFor('agent:status', ({ status }) => status === 'busy');
    back.setNextSequence(id, 1);
    back.sendOutput(id, ' after');
    await hub.flush();
    expect(back.executedCommands()).toEqual([]);
    back.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.waitForComplete(id);
    expect(dashboard.outputOf(id)).toBe('before after');
    await back.waitForAcknowledged(id);
    await back.waitForExecute(next);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'interrupted']);
  });

  test('reaches an agent that left and came back before it could answer', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt');
    on.agent.terminate();
    await on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    const held = [
      {
        commandId: id,
        attempt: 1,
        firstSequence: 0,
        nextSequence: 0,
        lostBytes: 0,
        finished: false,
      },
    ];
    const back = await connectAgent(on.hub, { token: on.agent.token, held });
    await back.waitFor('command:interrupt', ({ commandId }) => commandId === id);
    back.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.waitForStatus(id, 'interrupted');
  });
});

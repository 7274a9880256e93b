import { describe, expect, test } from 'bun:test';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { createStage } from '../../support/hub/stage.ts';

describe('interrupt', () => {
  test('takes a queued command out of the queue at once', async () => {
    await using on = await createStage();
    const first = await on.running();
    const second = await on.dashboard.request('!second');
    const third = await on.dashboard.request('!third');
    on.dashboard.say({ type: 'command:interrupt', commandId: second });
    const told = await on.dashboard.status(second, 'interrupted');
    expect(told).not.toHaveProperty('exitCode');
    expect(on.dashboard.statuses(second)).toEqual(['queued', 'interrupted']);
    await on.dashboard.complete(second);
    on.agent.finish(first);
    await on.agent.given(third);
    expect(on.agent.commands()).toEqual(['!sleep', '!third']);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('of a command that is being handed out means that it is never sent', async () => {
    await using on = await createStage();
    on.hub.store.hold((call) => call === 'commands.update');
    const id = await on.dashboard.request('!ls');
    await on.hub.store.met('commands.update');
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    await on.dashboard.ping();
    on.hub.store.heal();
    await on.dashboard.status(id, 'interrupted');
    const next = await on.dashboard.request('!next');
    await on.agent.given(next);
    expect(on.agent.commands()).toEqual(['!next']);
  });

  test('of a command that was sent and has not started is asked of the agent', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    expect(await on.agent.find('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'user',
    });
    on.agent.finish(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.status(id, 'interrupted');
    expect(on.dashboard.statuses(id)).toEqual(['queued', 'interrupted']);
    expect(await on.hub.store.commands.find(id)).toMatchObject({ startedAt: null, exitCode: null });
  });

  test.each([
    ['interrupted', { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' }],
    ['completed', { outcome: 'completed', exitCode: 0 }],
    ['failed', { outcome: 'failed', exitCode: 2 }],
  ] as const)('of a running command ends as the agent says: %s', async (status, result) => {
    await using on = await createStage();
    const id = await on.running();
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    await on.agent.find('command:interrupt');
    expect(on.dashboard.statuses(id)).toEqual(['queued', 'running']);
    on.agent.finish(id, result);
    await on.dashboard.status(id, status);
  });

  test('may be repeated, by anybody, and the API does the same', async () => {
    await using on = await createStage();
    const eve = await connectDashboard(on.hub, { userId: 'eve' });
    const id = await on.running();
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    eve.say({ type: 'command:interrupt', commandId: id });
    await on.agent.when(() => on.agent.ofType('command:interrupt')[1], 'both');
    expect((await on.hub.call('POST', `/commands/${id}/interrupt`)).status).toBe(202);
    on.agent.finish(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.status(id, 'interrupted');
    await eve.ping();
    expect([...on.dashboard.ofType('error'), ...eve.ofType('error')]).toEqual([]);
  });

  test('of a command that has ended is refused, and of one nobody knows too', async () => {
    await using on = await createStage();
    const id = await on.running();
    on.agent.finish(id);
    await on.dashboard.status(id, 'completed');
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    expect(await on.dashboard.error('command_not_active')).toMatchObject({ commandId: id });
    on.dashboard.say({ type: 'command:interrupt', commandId: 'nothing' });
    expect(await on.dashboard.error('command_unknown')).toMatchObject({ commandId: 'nothing' });
  });

  test('that the agent never answers is final after 30 s; the agent gets nothing new until it has ended', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    const next = await dashboard.request('!next');
    dashboard.say({ type: 'command:interrupt', commandId: id });
    await agent.find('command:interrupt');
    await hub.pass(29_000, agent, dashboard);
    dashboard.say({ type: 'command:interrupt', commandId: id });
    await dashboard.ping();
    expect(dashboard.statuses(id)).toEqual(['queued', 'running']);
    await hub.pass(1_000, agent, dashboard);
    await dashboard.status(id, 'interrupted');
    await hub.settled();
    expect(agent.commands()).toEqual(['!sleep']);
    agent.output(id, 'last words');
    agent.finish(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.complete(id);
    expect(dashboard.text(id)).toBe('last words');
    await agent.given(next);
  });

  test('comes first: a time-out that follows does not make a failure of it', async () => {
    await using on = await createStage();
    const id = await on.running('!sleep', { timeoutMs: 10_000 });
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    await on.agent.find('command:interrupt', ({ reason }) => reason === 'user');
    await on.hub.pass(10_000, on.agent);
    on.agent.finish(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.status(id, 'interrupted');
  });

  test('that crosses with the start is final after 30 s as well', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    await agent.given(id);
    dashboard.say({ type: 'command:interrupt', commandId: id });
    await agent.find('command:interrupt');
    agent.started(id);
    await dashboard.status(id, 'running');
    await hub.pass(30_000, agent, dashboard);
    await dashboard.status(id, 'interrupted');
  });

  test('while the agent is away is final at once, and the agent is told to stop when it returns', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    const next = await dashboard.request('!next');
    agent.output(id, 'before');
    await dashboard.when(() => dashboard.text(id) || undefined, 'output');
    agent.cut();
    await dashboard.find('agent:status', ({ status }) => status === 'offline');
    dashboard.say({ type: 'command:interrupt', commandId: id });
    await dashboard.status(id, 'interrupted');

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
    expect(await back.find('agent:welcome')).toMatchObject({
      stop: [id],
      resume: [{ commandId: id, nextSequence: 1 }],
    });
    await dashboard.find('agent:status', ({ status }) => status === 'busy');
    back.goOnFrom(id, 1);
    back.output(id, ' after');
    await hub.settled();
    expect(back.commands()).toEqual([]);
    back.finish(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.complete(id);
    expect(dashboard.text(id)).toBe('before after');
    await back.acknowledged(id);
    await back.given(next);
    expect(dashboard.statuses(id)).toEqual(['queued', 'running', 'interrupted']);
  });

  test('reaches an agent that left and came back before it could answer', async () => {
    await using on = await createStage();
    const id = await on.running();
    on.dashboard.say({ type: 'command:interrupt', commandId: id });
    await on.agent.find('command:interrupt');
    on.agent.cut();
    await on.dashboard.find('agent:status', ({ status }) => status === 'offline');
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
    await back.find('command:interrupt', ({ commandId }) => commandId === id);
    back.finish(id, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.status(id, 'interrupted');
  });
});

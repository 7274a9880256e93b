// What a dashboard is told, when it comes, while it is there, and when it comes back.
import { describe, expect, test } from 'bun:test';
import {
  connectDashboard,
  connectManualDashboard,
  openDashboard,
} from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

describe('a dashboard that comes', () => {
  test('is welcomed, then told of every agent and of every live command, in this order', async () => {
    await using on = await startHubFixture({ settings: { commandTimeoutMs: 60_000 } });
    await on.hub.addAgent('away', 'codex');
    const running = await on.startCommand();
    const waiting = await on.dashboard.request('!next');
    on.agent.sendOutput(running, 'not asked for');
    await on.agent.waitForAck(running, 1);
    const dashboard = await connectDashboard(on.hub, {
      role: 'viewer',
      userId: 'eve',
      terminals: 'attached',
    });
    await dashboard.waitForStatus(waiting, 'queued');
    await dashboard.ping();
    expect(dashboard.received.map(({ type }) => type)).toEqual([
      'dashboard:welcome',
      'agent:status',
      'agent:status',
      'command:status',
      'command:status',
    ]);
    expect(dashboard.received[0]).toMatchObject({
      userId: 'eve',
      role: 'viewer',
      resumed: false,
      hubEpoch: on.hub.hub.epoch,
      heartbeatIntervalMs: 10_000,
      limits: {
        messageBytes: 1_048_576,
        chunkBytes: 10_240,
        bufferBytes: 1_048_576,
        commandBytes: 65_536,
        queueLength: 100,
        commandTimeoutMs: 60_000,
        maxCommandTimeoutMs: 86_400_000,
      },
    });
    const agents = dashboard.ofType('agent:status').map((it) => `${it.agentId} ${it.status}`);
    expect(agents.toSorted()).toEqual(['agent busy', 'away offline']);
    expect(dashboard.statusesOf(running)).toEqual(['running']);
    expect(dashboard.statusesOf(waiting)).toEqual(['queued']);
  });

  test('is not told of commands that are over', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
    const late = await connectDashboard(on.hub);
    await late.ping();
    expect(late.ofType('command:status')).toEqual([]);
  });

  test('hears of an agent as soon as it is added', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    await hub.addAgent('new');
    expect(await dashboard.waitFor('agent:status')).toMatchObject({
      agentId: 'new',
      status: 'offline',
    });
  });
});

describe('a dashboard is there', () => {
  test('and hears the hub every 10 s', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    hub.clock.advance(9_999);
    await dashboard.ping();
    expect(dashboard.ofType('hub:heartbeat')).toEqual([]);
    hub.clock.advance(20_001);
    await dashboard.waitUntil(() => dashboard.ofType('hub:heartbeat')[2], 'three heartbeats');
    const { timestamp } = dashboard.ofType('hub:heartbeat')[0]!;
    expect(timestamp).toBe(hub.clock.now() - 20_000);
  });

  test('while it answers the ping it gets every 30 s', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectManualDashboard(hub);
    dashboard.answerPings(true);
    for (let i = 1; i <= 4; i++) {
      hub.clock.advance(30_000);
      await dashboard.ping();
      expect(dashboard.countPings()).toBe(i);
    }
    await dashboard.ping();
  });

  test('no longer after 60 silent seconds, and may still come back', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectManualDashboard(hub);
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    hub.clock.advance(59_999);
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
    hub.clock.advance(1);
    expect(await dashboard.closed).toEqual({ code: 1001, reason: 'silent' });
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
    const back = await openDashboard(hub);
    const resume = { connectionId, hubEpoch, terminals: [] };
    expect(await back.connect(hub, { resume })).toMatchObject({ resumed: true, connectionId });
  });

  test('until its session ends', async () => {
    await using hub = await startTestHub();
    const expiresAt = hub.clock.now() + 50_000;
    const actor = { userId: 'ada', role: 'operator' as const, expiresAt };
    const { token } = await hub.tokens.issueSocket(actor);
    const dashboard = await connectDashboard(hub, { token });
    hub.clock.advance(49_999);
    await dashboard.ping();
    hub.clock.advance(1);
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'expired' });
    expect(hub.hub.state.dashboards.size).toBe(0);
  });

  test('and cannot introduce itself again', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    await dashboard.connect(hub);
    await dashboard.waitForError('invalid_message');
  });
});

describe('terminals', () => {
  test('all of them come to a dashboard that says nothing about them, live and from their start', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    await on.dashboard.waitUntil(() => on.dashboard.outputOf(id) || undefined, 'output');
    const late = await connectDashboard(on.hub);
    on.agent.sendOutput(id, 'b', 'stderr');
    on.agent.sendFinished(id);
    for (const dashboard of [on.dashboard, late]) {
      await dashboard.waitForComplete(id);
      expect(dashboard.terminalMessages(id)).toMatchObject([
        { type: 'terminal:output', data: 'a', stream: 'stdout', sequence: 0 },
        { type: 'terminal:output', data: 'b', stream: 'stderr', sequence: 1 },
        { type: 'terminal:complete', lastSequence: 1, totalBytes: 2 },
      ]);
    }
  });

  test('none of them come in mode attached, until one is attached to; its order is kept, nothing comes twice', async () => {
    await using on = await startHubFixture({ dashboard: { terminals: 'attached' } });
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    await on.agent.waitForAck(id, 1);
    await on.dashboard.ping();
    expect(on.dashboard.terminalMessages(id)).toEqual([]);
    on.dashboard.send({ type: 'terminal:attach', commandId: id });
    on.agent.sendOutput(id, 'b', 'stderr');
    on.dashboard.send({ type: 'terminal:attach', commandId: id, afterSequence: -1 });
    await on.dashboard.waitUntil(() => on.dashboard.outputOf(id).endsWith('b') || undefined, 'b');
    on.agent.sendOutput(id, 'c');
    on.agent.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    const sequences = on.dashboard.sequencesOf(id);
    const again = sequences.lastIndexOf(0);
    expect(sequences.slice(again)).toEqual([0, 1, 2]);
  });

  test('are replayed after the sequence that is named', async () => {
    await using on = await startHubFixture({ dashboard: { terminals: 'attached' } });
    const id = await on.startCommand();
    for (const [i, data] of ['a', 'b', 'c', 'd'].entries()) {
      on.agent.sendOutput(id, data, i % 2 === 0 ? 'stdout' : 'stderr');
    }
    await on.agent.waitForAck(id, 4);
    on.dashboard.send({ type: 'terminal:attach', commandId: id, afterSequence: 1 });
    on.agent.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.sequencesOf(id)).toEqual([2, 3]);
  });

  test('of an ended command are replayed while they are held, and end with terminal:complete', async () => {
    await using on = await startHubFixture({ dashboard: { terminals: 'attached' } });
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'hello');
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
    on.dashboard.send({ type: 'terminal:attach', commandId: id });
    expect(await on.dashboard.waitForComplete(id)).toMatchObject({
      lastSequence: 0,
      totalBytes: 5,
    });
    expect(on.dashboard.outputOf(id)).toBe('hello');
  });

  test('of a command without output are complete with lastSequence -1', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendFinished(id);
    expect(await on.dashboard.waitForComplete(id)).toMatchObject({
      lastSequence: -1,
      totalBytes: 0,
    });
  });

  test.each(['all', 'attached'] as const)('in mode %s stop with detach', async (terminals) => {
    await using on = await startHubFixture({ dashboard: { terminals } });
    const other = await connectDashboard(on.hub);
    const id = await on.startCommand();
    on.dashboard.send({ type: 'terminal:attach', commandId: id });
    on.agent.sendOutput(id, 'a');
    await on.dashboard.waitUntil(() => on.dashboard.outputOf(id) || undefined, 'a');
    on.dashboard.send({ type: 'terminal:detach', commandId: id });
    on.dashboard.send({ type: 'terminal:detach', commandId: 'never attached' });
    await on.dashboard.ping();
    on.agent.sendOutput(id, 'b');
    on.agent.sendFinished(id);
    await other.waitForComplete(id);
    await on.dashboard.ping();
    expect(on.dashboard.terminalMessages(id)).toHaveLength(1);
    expect(on.dashboard.ofType('error')).toEqual([]);
  });

  test('of a command nobody knows are refused', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'terminal:attach', commandId: 'nothing' });
    expect(await dashboard.waitForError('command_unknown')).toMatchObject({ commandId: 'nothing' });
  });
});

describe('a dashboard that drops', () => {
  test('and resumes gets its connection back and all it missed, in order, nothing twice', async () => {
    await using on = await startHubFixture();
    const other = await connectDashboard(on.hub);
    const { connectionId, hubEpoch } = await on.dashboard.waitFor('dashboard:welcome');
    const first = await on.startCommand('!first');
    const second = await on.dashboard.request('!second');
    on.agent.sendOutput(first, 'a');
    on.agent.sendOutput(first, 'b', 'stderr');
    await on.dashboard.waitUntil(() => on.dashboard.outputOf(first) === 'ab' || undefined, 'ab');
    on.dashboard.terminate();
    await on.dashboard.closed;
    on.agent.sendOutput(first, 'c');
    on.agent.sendFinished(first, { outcome: 'failed', exitCode: 4 });
    await on.agent.waitForExecute(second);
    on.agent.sendStarted(second);
    on.agent.sendOutput(second, 'all of the second');
    await other.waitUntil(() => other.outputOf(second) || undefined, 'output');
    expect(on.hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
    on.hub.clock.advance(20_000);

    const back = await openDashboard(on.hub);
    const resume = { connectionId, hubEpoch, terminals: [{ commandId: first, afterSequence: 1 }] };
    expect(await back.connect(on.hub, { resume })).toMatchObject({ resumed: true, connectionId });
    on.agent.sendOutput(second, ', and more');
    on.agent.sendFinished(second);
    await back.waitForComplete(second);
    await back.waitForStatus(second, 'completed');
    expect(back.sequencesOf(first)).toEqual([2]);
    expect(back.terminalMessages(first).at(-1)?.type).toBe('terminal:complete');
    expect(back.outputOf(second)).toBe('all of the second, and more');
    expect(back.statusesOf(first)).toEqual(['failed']);
    expect(await back.waitForStatus(first, 'failed')).toMatchObject({ exitCode: 4 });
    expect(back.statusesOf(second)).toEqual(['running', 'completed']);
    expect(on.hub.hub.state.dashboards.size).toBe(2);
  });

  test('and is back stays, however long it was away before', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    dashboard.terminate();
    await dashboard.closed;
    await hub.advance(59_000, agent);
    const back = await openDashboard(hub);
    await back.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
    await hub.advance(60_000, agent, back);
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
    const id = await back.request('!ls');
    await agent.waitForExecute(id);
    agent.run(id, 'hello');
    await back.waitForComplete(id);
    expect(back.outputOf(id)).toBe('hello');
  });

  test('and resumes in mode attached gets the terminals it names, and no others', async () => {
    await using on = await startHubFixture({ dashboard: { terminals: 'attached' } });
    const other = await connectDashboard(on.hub);
    const { connectionId, hubEpoch } = await on.dashboard.waitFor('dashboard:welcome');
    const first = await on.startCommand('!first');
    on.dashboard.send({ type: 'terminal:attach', commandId: first });
    on.dashboard.terminate();
    await on.dashboard.closed;
    on.agent.sendOutput(first, 'a');
    on.agent.sendFinished(first);
    const second = await other.request('!second');
    await on.agent.waitForExecute(second);
    on.agent.run(second, 'b');
    await other.waitForComplete(second);
    const back = await openDashboard(on.hub);
    const terminals = [{ commandId: first, afterSequence: -1 }];
    await back.connect(on.hub, {
      terminals: 'attached',
      resume: { connectionId, hubEpoch, terminals },
    });
    await back.waitForComplete(first);
    await back.ping();
    expect(back.outputOf(first)).toBe('a');
    expect(back.terminalMessages(second)).toEqual([]);
    expect(back.statusesOf(second)).toEqual(['completed']);
  });

  test('is forgotten after 60 s', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    const resume = { connectionId, hubEpoch, terminals: [] };
    dashboard.terminate();
    await dashboard.closed;
    const other = await connectDashboard(hub);
    await hub.advance(59_999, other);
    expect(hub.hub.state.dashboards.has(connectionId)).toBe(true);
    hub.clock.advance(1);
    expect(hub.hub.state.dashboards.has(connectionId)).toBe(false);
    const late = await openDashboard(hub);
    const welcome = await late.connect(hub, { resume });
    expect(welcome.resumed).toBe(false);
    expect(welcome.connectionId).not.toBe(connectionId);
  });

  test('by a clean close is gone at once', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    dashboard.close();
    await dashboard.closed;
    expect(hub.hub.state.dashboards.size).toBe(0);
    const late = await openDashboard(hub);
    const resume = { connectionId, hubEpoch, terminals: [] };
    expect(await late.connect(hub, { resume })).toMatchObject({ resumed: false });
  });

  test.each(['another user', 'an older epoch', 'a connection nobody had'])(
    'cannot be resumed by %s',
    async (wrong) => {
      await using hub = await startTestHub();
      const dashboard = await connectDashboard(hub);
      const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
      dashboard.terminate();
      await dashboard.closed;
      const other = await openDashboard(hub);
      const welcome = await other.connect(hub, {
        userId: wrong === 'another user' ? 'eve' : 'ada',
        resume: {
          connectionId: wrong === 'a connection nobody had' ? 'c' : connectionId,
          hubEpoch: wrong === 'an older epoch' ? 'before' : hubEpoch,
          terminals: [],
        },
      });
      expect(welcome.resumed).toBe(false);
      expect(welcome.connectionId).not.toBe(connectionId);
      expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
    },
  );

  test('in the eyes of nobody but itself takes over its own connection, and is told what it missed', async () => {
    await using on = await startHubFixture({ onDisk: false });
    const { hub } = on;
    const deaf = await connectManualDashboard(hub);
    const { connectionId, hubEpoch } = await deaf.waitFor('dashboard:welcome');
    deaf.pause();
    const id = await on.startCommand();
    hub.clock.advance(20_000);
    on.agent.sendOutput(id, 'missed');
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
    const back = await openDashboard(hub);
    const resume = { connectionId, hubEpoch, terminals: [] };
    expect(await back.connect(hub, { resume })).toMatchObject({ resumed: true });
    await back.waitForStatus(id, 'completed');
    deaf.resume();
    expect(await deaf.closed).toEqual({ code: 4001, reason: 'replaced' });
    const next = await on.startCommand('!next');
    await back.waitForStatus(next, 'running');
  });

  test('is told again of the ends that no pong of its own vouches for, and of no others', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    const heard = await on.startCommand();
    agent.sendFinished(heard);
    await dashboard.waitForStatus(heard, 'completed');
    await hub.advance(30_000, agent, dashboard);
    await dashboard.ping();
    const unsure = await on.startCommand();
    agent.sendFinished(unsure);
    await dashboard.waitForStatus(unsure, 'completed');
    dashboard.send({ type: 'terminal:detach', commandId: 'a sign of life that is no pong' });
    await dashboard.ping();
    dashboard.terminate();
    await dashboard.closed;
    const back = await openDashboard(hub);
    await back.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
    await back.ping();
    expect([back.statusesOf(heard), back.statusesOf(unsure)]).toEqual([[], ['completed']]);
  });

  test('keeps the buffers it was attached to', async () => {
    await using on = await startHubFixture({ settings: { bufferMemoryBytes: 10 } });
    const { connectionId, hubEpoch } = await on.dashboard.waitFor('dashboard:welcome');
    const id = await on.startCommand();
    on.dashboard.terminate();
    await on.dashboard.closed;
    on.agent.sendOutput(id, 'more than ten bytes');
    on.agent.sendFinished(id);
    await on.agent.waitForAcknowledged(id);
    const resume = { connectionId, hubEpoch, terminals: [{ commandId: id, afterSequence: -1 }] };
    const back = await openDashboard(on.hub);
    await back.connect(on.hub, { resume });
    await back.waitForComplete(id);
    expect(back.outputOf(id)).toBe('more than ten bytes');
  });

  test('across a restart of the hub is told so, and reads its terminal from the start', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const { connectionId, hubEpoch } = await on.dashboard.waitFor('dashboard:welcome');
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    await on.agent.waitForAck(id, 1);
    await using hub = await on.hub.crash();
    const back = await openDashboard(hub);
    const resume = { connectionId, hubEpoch, terminals: [{ commandId: id, afterSequence: 0 }] };
    const welcome = await back.connect(hub, { resume });
    expect(welcome.resumed).toBe(false);
    expect(welcome.hubEpoch).not.toBe(hubEpoch);
    await back.waitUntil(() => back.outputOf(id) || undefined, 'output');
    expect(back.outputOf(id)).toBe('a');
    await connectAgent(hub, { token: on.agent.token });
    await back.waitForComplete(id);
  });
});

describe('a viewer', () => {
  test('may watch, and nothing else', async () => {
    await using on = await startHubFixture();
    const viewer = await connectDashboard(on.hub, { role: 'viewer', userId: 'eve' });
    const id = await on.startCommand();
    const asks = [
      { type: 'command:request', agentId: 'agent', command: '!ls', priority: 'normal' },
      { type: 'command:interrupt', commandId: id },
      { type: 'command:input', commandId: id, data: 'y' },
      { type: 'terminal:resize', commandId: id, cols: 80, rows: 24 },
    ] as const;
    for (const [i, ask] of asks.entries()) {
      viewer.send(ask);
      expect(await viewer.waitUntil(() => viewer.ofType('error')[i], 'refusal')).toMatchObject({
        code: 'forbidden',
      });
    }
    viewer.send({ type: 'approval:respond', approvalId: 'q', optionId: 'yes' });
    await viewer.waitUntil(() => viewer.ofType('error')[asks.length], 'refusal');
    on.agent.sendOutput(id, 'seen');
    await viewer.waitUntil(() => viewer.outputOf(id) === 'seen' || undefined, 'output');
    await on.agent.ping();
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
    expect(on.agent.ofType('command:input')).toEqual([]);
  });
});

describe('keystrokes and sizes', () => {
  test('go to the agent of a running command', async () => {
    await using on = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:input', commandId: id, data: 'y\r' });
    on.dashboard.send({ type: 'terminal:resize', commandId: id, cols: 100, rows: 30 });
    expect(await on.agent.waitFor('command:input')).toMatchObject({ commandId: id, data: 'y\r' });
    expect(await on.agent.waitFor('terminal:resize')).toMatchObject({ cols: 100, rows: 30 });
  });

  test('are refused where the agent has no terminal', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand();
    on.dashboard.send({ type: 'command:input', commandId, data: 'y' });
    expect((await on.dashboard.waitFor('error')).code).toBe('invalid_command');
  });

  test('are refused where no command runs', async () => {
    await using on = await startHubFixture();
    const first = await on.startCommand();
    const waiting = await on.dashboard.request('!next');
    on.agent.sendFinished(first);
    await on.agent.waitForExecute(waiting);
    for (const commandId of [first, waiting, 'nothing']) {
      on.dashboard.send({ type: 'command:input', commandId, data: 'y' });
      await on.dashboard.waitFor(
        'error',
        (error) => error.commandId === commandId && error.code === 'command_not_active',
      );
    }
  });
});

describe('rates', () => {
  test('are 40 messages at once, then 20 a second; what is over is refused and not done', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    const refused = () =>
      dashboard.ofType('error').filter(({ code }) => code === 'rate_limited').length;
    const burst = async (count: number) => {
      const before = refused();
      for (let i = 0; i < count; i++) dashboard.send({ type: 'terminal:detach', commandId: 'x' });
      await dashboard.ping();
      return refused() - before;
    };
    expect(await burst(45)).toBe(5);
    hub.clock.advance(1_000);
    expect(await burst(25)).toBe(5);
    hub.clock.advance(60_000 - 1);
    await dashboard.ping();
    expect(await burst(45)).toBe(5);
  });

  test('are followed by 1008 for a dashboard that does not slow down', async () => {
    await using on = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
    const id = await on.startCommand();
    for (let i = 0; i < 10_000; i += 1) {
      on.dashboard.send({ type: 'command:input', commandId: id, data: '' });
    }
    expect(await on.dashboard.closed).toEqual({ code: 1008, reason: 'rate_limited' });
    expect(on.dashboard.ofType('error').length).toBeLessThanOrEqual(60);
  });

  test('of one dashboard are not those of another', async () => {
    await using hub = await startTestHub();
    const [one, two] = [await connectDashboard(hub), await connectDashboard(hub)];
    for (let i = 0; i < 50; i++) one.send({ type: 'terminal:detach', commandId: 'x' });
    await one.waitForError('rate_limited');
    two.send({ type: 'terminal:detach', commandId: 'x' });
    await two.ping();
    expect(two.ofType('error')).toEqual([]);
  });

  test('of keystrokes and sizes are 64 KB a second, however many messages that is', async () => {
    await using on = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
    const id = await on.startCommand();
    for (let i = 0; i < 100; i++)
      on.dashboard.send({ type: 'command:input', commandId: id, data: 'x' });
    for (let i = 0; i < 50; i++) {
      on.dashboard.send({ type: 'terminal:resize', commandId: id, cols: 80, rows: 24 });
    }
    on.dashboard.send({ type: 'command:input', commandId: id, data: 'x'.repeat(63_136) });
    await on.dashboard.ping();
    expect(on.dashboard.ofType('error')).toEqual([]);
    on.dashboard.send({ type: 'command:input', commandId: id, data: 'x' });
    expect(await on.dashboard.waitForError('rate_limited')).toMatchObject({ commandId: id });
    on.hub.clock.advance(1_000);
    on.dashboard.send({ type: 'command:input', commandId: id, data: 'é'.repeat(32_768) });
    await on.agent.waitUntil(() => on.agent.ofType('command:input')[101], 'all input');
    expect(on.dashboard.ofType('error')).toHaveLength(1);
  });
});

describe('nonsense', () => {
  const frames = [
    'nonsense',
    '123',
    'null',
    'true',
    '[]',
    '{}',
    '{"type":"hub:explode","version":"1.0.0"}',
    '{"type":"command:request","version":"1.0.0"}',
    '{"type":"dashboard:connect","version":"1.0.0"}',
    '{"type":"error","version":"1.0.0","code":"invalid_message","message":"You are."}',
    '['.repeat(10_000),
    new Uint8Array([0x01, 1, 2, 3]),
    new Uint8Array([0x07]),
    new Uint8Array(),
    '\u0000',
  ];

  test('is answered each time', async () => {
    await using on = await startHubFixture();
    for (let i = 0; i < 30; i++) {
      const frame = frames[i % frames.length] ?? '';
      on.dashboard.sendFrame(frame);
      on.agent.sendFrame(frame);
    }
    await on.dashboard.waitUntil(() => on.dashboard.ofType('error')[27], 'the answers');
    await on.agent.waitUntil(() => on.agent.ofType('error')[27], 'the answers');
    await Promise.all([on.dashboard.ping(), on.agent.ping()]);
    // Nobody answers an error with an error.
    expect(on.dashboard.ofType('error')).toHaveLength(28);
    expect(on.agent.ofType('error')).toHaveLength(28);
    const id = await on.startCommand();
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
  });

  test('of another major version is told so, and ends the connection', async () => {
    await using on = await startHubFixture();
    for (const peer of [on.dashboard, on.agent]) {
      peer.sendFrame('{"type":"command:interrupt","version":"2.0.0","commandId":"x"}');
      expect(await peer.closed).toEqual({ code: 1008, reason: 'unsupported_version' });
      expect(peer.received.at(-1)).toMatchObject({ type: 'error', code: 'unsupported_version' });
    }
  });

  test('answers to questions nobody asked are refused', async () => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'approval:respond', approvalId: 'q', optionId: 'yes' });
    await dashboard.waitForError('approval_unknown');
  });
});

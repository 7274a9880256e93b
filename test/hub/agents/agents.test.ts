// Who may be which agent, and for how long it is believed to be there.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent, connectManualAgent, openAgent } from '../../support/hub/scripted-agent.ts';

describe('an agent is let in', () => {
  test('with its id, its type and its token, and told how often to show that it lives', async () => {
    await using hub = await startTestHub();
    const agent = await connectAgent(hub, { agentId: 'a', agentType: 'codex' });
    expect(await agent.waitFor('agent:welcome')).toMatchObject({
      agentId: 'a',
      heartbeatIntervalMs: 10_000,
      resume: [],
      stop: [],
    });
    const summary = await (await hub.callApi('GET', '/agents/a')).json();
    expect(summary).toMatchObject({
      agentId: 'a',
      agentType: 'codex',
      status: 'online',
      capabilities: ['prompt', 'shell'],
      connectionTime: hub.clock.now(),
      lastHeartbeat: hub.clock.now(),
      currentCommand: null,
      queueLength: 0,
    });
  });

  test.each([
    ['a token that is not its own', { token: 'sba_wrong' }, /rejected the token for/],
    ['an empty token', { token: '' }, /rejected the token for/],
    ['an id nobody added', { agentId: 'nobody' }, /rejected the token for/],
    ['another type', { agentType: 'gemini' as const }, /was added as type claude/],
  ])('not with %s', async (_name, wrong, why) => {
    await using hub = await startTestHub();
    const token = await hub.addAgent();
    const agent = await openAgent(hub);
    agent.sendConnect({ token, ...wrong });
    expect((await agent.waitFor('error')).message).toMatch(why);
    expect(await agent.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
    expect(hub.hub.registry.list()).toMatchObject([{ status: 'offline' }]);
  });

  test('as one of ten: the eleventh is told to try again later, and gets in once one has gone', async () => {
    await using hub = await startTestHub();
    const agents = [];
    for (let i = 0; i < 10; i++) agents.push(await connectAgent(hub, { agentId: `a${i}` }));
    const token = await hub.addAgent('late');
    const late = await openAgent(hub);
    late.sendConnect({ agentId: 'late', token });
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
    const returning = await connectAgent(hub, { agentId: 'a0', token: agents[0]!.token });
    expect(await agents[0]!.closed).toEqual({ code: 4001, reason: 'replaced' });
    const watcher = await connectDashboard(hub);
    returning.close();
    await watcher.waitFor('agent:status', (it) => it.agentId === 'a0' && it.status === 'offline');
    await connectAgent(hub, { agentId: 'late', token });
  });
});

describe('an agent is there', () => {
  const signs: [string, (agent: Awaited<ReturnType<typeof connectManualAgent>>) => void][] = [
    ['a heartbeat', (agent) => agent.send({ type: 'agent:heartbeat', timestamp: 1 })],
    ['any other message', (agent) => agent.send({ type: 'command:started', commandId: 'x' })],
    ['nonsense', (agent) => agent.sendFrame('nonsense')],
    ['a ping', (agent) => void agent.ping()],
  ];

  test.each(signs)('for 30 s more after %s', async (_name, sign) => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    hub.clock.advance(29_000);
    sign(agent);
    await agent.ping();
    hub.clock.advance(29_000);
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
    expect(hub.hub.registry.find('agent')?.lastHeartbeat).toBe(hub.clock.now() - 29_000);
    hub.clock.advance(1_000);
    expect(hub.hub.registry.find('agent')?.status).toBe('offline');
  });

  test('for 30 s more after a pong: it is pinged every 10 s', async () => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    hub.clock.advance(10_000);
    await agent.ping();
    expect(agent.countPings()).toBe(1);
    agent.answerPings(true);
    hub.clock.advance(10_000);
    await agent.ping();
    expect(agent.countPings()).toBe(2);
    agent.answerPings(false);
    await agent.ping();
    const heardAt = hub.clock.now();
    hub.clock.advance(29_000);
    expect(hub.hub.registry.find('agent')).toMatchObject({
      status: 'online',
      lastHeartbeat: heardAt,
    });
  });

  test('no longer after 30 silent seconds: it is closed, and everyone is told once', async () => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    const dashboard = await connectDashboard(hub);
    hub.clock.advance(29_999);
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
    hub.clock.advance(1);
    expect(await agent.closed).toEqual({ code: 1001, reason: 'silent' });
    await dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    await hub.flush();
    await dashboard.ping();
    expect(dashboard.ofType('agent:status').map(({ status }) => status)).toEqual([
      'online',
      'offline',
    ]);
  });

  test('not at once after its socket is cut', async () => {
    await using on = await startHubFixture();
    on.agent.terminate();
    await on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    const refused = on.dashboard.request('!ls');
    expect(refused).rejects.toThrow('agent_offline');
  });
});

describe('what is known of an agent', () => {
  test('is its child process as of the last heartbeat, its last output, and since when it is away', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    const child = { commandId: id, pid: 42, alive: true, lastOutputAt: null };
    on.agent.send({ type: 'agent:heartbeat', timestamp: 1, process: child });
    on.hub.clock.advance(5_000);
    on.agent.sendOutput(id, 'x');
    await on.dashboard.waitFor('terminal:output');
    const outputAt = on.hub.clock.now();
    expect(on.hub.hub.registry.find('agent')).toMatchObject({
      process: child,
      lastOutputAt: outputAt,
      offlineSince: null,
    });
    on.hub.clock.advance(5_000);
    on.agent.terminate();
    await on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    expect(on.hub.hub.registry.find('agent')).toMatchObject({
      offlineSince: outputAt + 5_000,
      lastOutputAt: outputAt,
    });
    await connectAgent(on.hub, { token: on.agent.token });
    expect(on.hub.hub.registry.find('agent')).toMatchObject({ offlineSince: null });
  });

  test('is also that its command has been silent for long', async () => {
    await using on = await startHubFixture({ settings: { stuckAfterMs: 60_000 } });
    const { hub, agent } = on;
    const stuck = () => hub.hub.registry.find('agent')?.suspectedStuck;
    await hub.advance(60_000, agent, on.dashboard);
    expect(stuck()).toBe(false);
    const id = await on.startCommand();
    await hub.advance(59_999, agent);
    expect(stuck()).toBe(false);
    hub.clock.advance(1);
    expect(stuck()).toBe(true);
    agent.sendOutput(id, 'x');
    await agent.ping();
    expect(stuck()).toBe(false);
  });
});

describe('the same agent twice', () => {
  test('from the same instance takes over, and frames of the old socket are ignored', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
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
    const second = await openAgent(on.hub);
    second.sendConnect({ token: on.agent.token, held });
    on.agent.sendOutput(id, 'from the dead');
    on.agent.sendFinished(id);
    await second.waitFor('agent:welcome');
    expect(await on.agent.closed).toEqual({ code: 4001, reason: 'replaced' });
    second.sendOutput(id, 'alive');
    second.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('alive');
    // It was never away.
    const told = on.dashboard.ofType('agent:status').map(({ status }) => status);
    expect(told).not.toContain('offline');
  });

  test('from another instance is refused while the first still answers', async () => {
    await using on = await startHubFixture();
    const other = await openAgent(on.hub);
    other.sendConnect({ token: on.agent.token, instanceId: 'other' });
    expect((await other.waitFor('error')).message).toMatch(
      /Another process is connected as "agent"/,
    );
    expect(await other.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
    on.hub.clock.advance(5_000);
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
  });

  test('from another instance takes over when the first does not answer a ping within 2 s', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const other = await openAgent(hub);
    other.sendConnect({ token: first.token, instanceId: 'other' });
    await other.ping();
    expect(first.countPings()).toBe(1);
    hub.clock.advance(1_999);
    await other.ping();
    expect(other.received).toEqual([]);
    hub.clock.advance(1);
    await other.waitFor('agent:welcome');
    expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' });
  });

  test('from another instance takes over though something of the first still comes, sent before it was asked', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const other = await openAgent(hub);
    other.sendConnect({ token: first.token, instanceId: 'other' });
    await other.ping();
    first.send({ type: 'agent:heartbeat', timestamp: 1 });
    await first.ping();
    await other.ping();
    expect(other.received).toEqual([]);
    hub.clock.advance(2_000);
    await other.waitFor('agent:welcome');
    expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' });
  });

  test('from another instance takes over at once when the socket of the first closes', async () => {
    await using on = await startHubFixture();
    const first = await connectManualAgent(on.hub, { agentId: 'second' });
    const other = await openAgent(on.hub);
    other.sendConnect({ agentId: 'second', token: first.token, instanceId: 'other' });
    await other.ping();
    first.terminate();
    await other.waitFor('agent:welcome');
    expect(on.hub.hub.registry.find('second')?.status).toBe('online');
    await on.dashboard.ping();
    const told = on.dashboard.ofType('agent:status').filter(({ agentId }) => agentId === 'second');
    // Added, and connected: never away since.
    expect(told.map(({ status }) => status)).toEqual(['offline', 'online']);
  });

  test('a third has to wait its turn', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const second = await openAgent(hub);
    second.sendConnect({ token: first.token, instanceId: 'second' });
    await second.ping();
    const third = await openAgent(hub);
    third.sendConnect({ token: first.token, instanceId: 'third' });
    expect(await third.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
    hub.clock.advance(2_000);
    await second.waitFor('agent:welcome');
  });

  test('a second that gives up leaves the first alone', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const second = await openAgent(hub);
    second.sendConnect({ token: first.token, instanceId: 'second' });
    await second.ping();
    second.close();
    await second.closed;
    hub.clock.advance(2_000);
    await first.ping();
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
  });

  test('the first that comes back while a second waits keeps the agent', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const second = await openAgent(hub);
    second.sendConnect({ token: first.token, instanceId: 'second' });
    await second.ping();
    const again = await connectAgent(hub, { token: first.token });
    expect(await second.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
    hub.clock.advance(2_000);
    await again.ping();
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
  });
});

describe('a revoked agent', () => {
  test('is closed, its commands fail as agent_lost, and its token is worth nothing', async () => {
    await using on = await startHubFixture();
    const running = await on.startCommand();
    const waiting = await on.dashboard.request('!next');
    const answer = await on.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    expect(answer.status).toBe(204);
    expect(await on.agent.closed).toEqual({ code: 1008, reason: 'revoked' });
    for (const id of [running, waiting]) {
      expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
      await on.dashboard.waitForComplete(id);
    }
    const again = await openAgent(on.hub);
    again.sendConnect({ token: on.agent.token });
    expect(await again.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
    expect(await (await on.hub.callApi('GET', '/agents')).json()).toMatchObject({ items: [] });
  });

  test('does not come in by a second instance that waits', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const second = await openAgent(hub);
    second.sendConnect({ token: first.token, instanceId: 'second' });
    await second.ping();
    await hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    expect(await second.closed).toEqual({ code: 1008, reason: 'revoked' });
    hub.clock.advance(2_000);
    expect(second.ofType('agent:welcome')).toEqual([]);
  });

  test('leaves no terminal open, not even of a command that was still stopping', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.agent.waitFor('command:interrupt');
    await on.hub.advance(30_000, on.agent, on.dashboard);
    await on.dashboard.waitForStatus(id, 'interrupted');
    await on.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    await on.dashboard.waitForComplete(id);
  });

  test('takes the command with it that was being accepted', async () => {
    await using on = await startHubFixture();
    on.hub.store.hold((call) => call === 'commands.insert');
    const request = on.dashboard.request('!ls');
    await on.hub.store.waitForFault('commands.insert');
    await on.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    on.hub.store.clearFaults();
    const id = await request;
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    const agent = await connectAgent(on.hub);
    const next = await on.dashboard.request('!next');
    await agent.waitForExecute(next);
    expect(agent.executedCommands()).toEqual(['!next']);
  });
});

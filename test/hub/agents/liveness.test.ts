// Agents that are connected: heartbeats, silence and what the hub reports about them.
import { describe, expect, test } from 'bun:test';
import { requestApproval } from '../../support/hub/approvals.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectManualAgent, createHeldCommand } from '../../support/hub/scripted-agent.ts';

describe('an agent stays online', () => {
  const signsOfLife: [string, (agent: Awaited<ReturnType<typeof connectManualAgent>>) => void][] = [
    ['a heartbeat', (agent) => agent.send({ type: 'agent:heartbeat', timestamp: 1 })],
    ['any other message', (agent) => agent.send({ type: 'command:started', commandId: 'x' })],
    ['an invalid frame', (agent) => agent.sendFrame('invalid')],
    ['a ping', (agent) => void agent.ping()],
  ];

  test.each(signsOfLife)('for 30 s after %s', async (_name, sendSign) => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    hub.clock.advance(29_000);
    sendSign(agent);
    await agent.ping();
    hub.clock.advance(29_000);
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
    expect(hub.hub.registry.find('agent')?.lastHeartbeat).toBe(hub.clock.now() - 29_000);
    hub.clock.advance(1_000);
    expect(hub.hub.registry.find('agent')?.status).toBe('offline');
  });

  test('for 30 s after a pong, with a ping every 10 s', async () => {
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
    const lastHeartbeat = hub.clock.now();
    hub.clock.advance(29_000);
    expect(hub.hub.registry.find('agent')).toMatchObject({
      status: 'online',
      lastHeartbeat,
    });
  });
});

describe('an agent goes offline', () => {
  test('after 30 s of silence, with its socket closed and one status update', async () => {
    await using hub = await startTestHub();
    const agent = await connectManualAgent(hub);
    const dashboard = await connectDashboard(hub);
    hub.clock.advance(29_999);
    expect(hub.hub.registry.find('agent')?.status).toBe('online');
    hub.clock.advance(1);
    expect(await agent.closed).toEqual({ code: 1001, reason: 'silent' });
    await dashboard.waitForAgentStatus('offline');
    await hub.flush();
    await dashboard.ping();
    expect(dashboard.agentStatuses()).toEqual(['online', 'offline']);
  });

  test('immediately when its socket drops', async () => {
    await using fixture = await startHubFixture();
    await fixture.disconnectAgent();
    const request = fixture.dashboard.request('!ls');
    expect(await request.catch(String)).toContain('agent_offline');
  });
});

describe('the hub reports', () => {
  test('each status once: online, busy while the agent has a command, online', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.dashboard.request('!ls');
    await fixture.agent.waitForExecute(id);
    fixture.agent.run(id);
    await fixture.agent.waitForAcknowledged(id);
    await fixture.dashboard.waitUntil(
      () => fixture.dashboard.agentStatuses().length === 3,
      'three statuses',
    );
    expect(fixture.dashboard.agentStatuses()).toEqual(['online', 'busy', 'online']);
  });

  test('currentCommand only while the agent is busy', async () => {
    await using fixture = await startHubFixture();
    const fetchAgent = async () => (await fixture.hub.callApi('GET', '/agents/agent')).json();
    expect(await fetchAgent()).toMatchObject({ status: 'online', currentCommand: null });
    const id = await fixture.dashboard.request('!ls');
    await fixture.agent.waitForExecute(id);
    expect(await fetchAgent()).toMatchObject({ status: 'busy', currentCommand: id });
    fixture.agent.run(id);
    await fixture.agent.waitForAcknowledged(id);
    expect(await fetchAgent()).toMatchObject({ status: 'online', currentCommand: null });
  });

  test('changed capabilities without repeating the status', async () => {
    await using fixture = await startHubFixture();
    await fixture.dashboard.waitFor('agent:status');
    const before = fixture.dashboard.ofType('agent:status').length;
    const change = { capabilities: ['shell', '/review'], notice: 'No prompts.' };
    fixture.agent.send({ type: 'agent:capabilities', ...change });
    await fixture.dashboard.waitFor('agent:updated', ({ agentId }) => agentId === 'agent');
    await fixture.dashboard.ping();
    expect(fixture.dashboard.ofType('agent:status')).toHaveLength(before);
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject(change);
  });

  test('the child process of an earlier command is not that of the next one', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const child = { commandId: id, pid: 42, alive: true, lastOutputAt: null };
    fixture.agent.send({ type: 'agent:heartbeat', timestamp: 1, process: child });
    fixture.agent.sendFinished(id);
    await fixture.startCommand();
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject({ process: null });
  });

  test('the child process, the last output and the time of disconnection', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const child = { commandId: id, pid: 42, alive: true, lastOutputAt: null };
    fixture.agent.send({ type: 'agent:heartbeat', timestamp: 1, process: child });
    fixture.hub.clock.advance(5_000);
    fixture.agent.sendOutput(id, 'x');
    await fixture.dashboard.waitFor('terminal:output');
    const outputAt = fixture.hub.clock.now();
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject({
      process: child,
      lastOutputAt: outputAt,
      offlineSince: null,
    });
    fixture.hub.clock.advance(5_000);
    await fixture.disconnectAgent();
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject({
      offlineSince: outputAt + 5_000,
      lastOutputAt: outputAt,
    });
    const agent = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject({ offlineSince: null });
    agent.sendFinished(id);
    await agent.waitForExecute(await fixture.dashboard.request('!next'));
    expect(fixture.hub.hub.registry.find('agent')).toMatchObject({ lastOutputAt: null });
  });

  test('a running command as possibly stuck after a long time without output', async () => {
    await using fixture = await startHubFixture({ settings: { stuckAfterMs: 60_000 } });
    const { hub, agent } = fixture;
    const isSuspectedStuck = () => hub.hub.registry.find('agent')?.suspectedStuck;
    await hub.advance(60_000, agent, fixture.dashboard);
    expect(isSuspectedStuck()).toBe(false);
    const id = await fixture.startCommand();
    await hub.advance(59_999, agent);
    expect(isSuspectedStuck()).toBe(false);
    hub.clock.advance(1);
    expect(isSuspectedStuck()).toBe(true);
    agent.sendOutput(id, 'x');
    await agent.ping();
    expect(isSuspectedStuck()).toBe(false);
  });

  test('a command that has not started or waits for approval as not stuck', async () => {
    await using fixture = await startHubFixture({ settings: { stuckAfterMs: 20_000 } });
    const { hub, agent, dashboard } = fixture;
    const isSuspectedStuck = () => hub.hub.registry.find('agent')?.suspectedStuck;
    const id = await dashboard.request('!ls');
    await agent.waitForExecute(id);
    await hub.advance(20_000, agent, dashboard);
    expect(isSuspectedStuck()).toBe(false);
    agent.sendStarted(id);
    await dashboard.waitForStatus(id, 'running');
    await requestApproval(fixture, id);
    await hub.advance(20_000, agent, dashboard);
    expect(isSuspectedStuck()).toBe(false);
  });
});

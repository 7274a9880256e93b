// Dashboards that drop and resume: they miss nothing and receive nothing twice.
import { expect, test } from 'bun:test';
import {
  connectDashboard,
  connectManualDashboard,
  openDashboard,
} from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('a resumed dashboard receives everything it missed, in order and once', async () => {
  await using fixture = await startHubFixture();
  const other = await connectDashboard(fixture.hub);
  const { connectionId, hubEpoch } = await fixture.dashboard.waitFor('dashboard:welcome');
  const first = await fixture.startCommand('!first');
  const second = await fixture.dashboard.request('!second');
  fixture.agent.sendOutput(first, 'a');
  fixture.agent.sendOutput(first, 'b', 'stderr');
  await fixture.dashboard.waitForOutput(first, 'ab');
  fixture.dashboard.terminate();
  await fixture.dashboard.closed;
  fixture.agent.sendOutput(first, 'c');
  fixture.agent.sendFinished(first, { outcome: 'failed', exitCode: 4 });
  await fixture.agent.waitForExecute(second);
  fixture.agent.sendStarted(second);
  fixture.agent.sendOutput(second, 'first part');
  await other.waitForOutput(second);
  expect(fixture.hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
  fixture.hub.clock.advance(20_000);

  const resumed = await openDashboard(fixture.hub);
  const resume = { connectionId, hubEpoch, terminals: [{ commandId: first, afterSequence: 1 }] };
  expect(await resumed.connect(fixture.hub, { resume })).toMatchObject({
    resumed: true,
    connectionId,
  });
  fixture.agent.sendOutput(second, ', second part');
  fixture.agent.sendFinished(second);
  await resumed.waitForComplete(second);
  await resumed.waitForStatus(second, 'completed');
  expect(resumed.sequencesOf(first)).toEqual([2]);
  expect(resumed.terminalMessages(first).at(-1)?.type).toBe('terminal:complete');
  expect(resumed.outputOf(second)).toBe('first part, second part');
  expect(resumed.statusesOf(first)).toEqual(['failed']);
  expect(await resumed.waitForStatus(first, 'failed')).toMatchObject({ exitCode: 4 });
  expect(resumed.statusesOf(second)).toEqual(['running', 'completed']);
  expect(fixture.hub.hub.state.dashboards.size).toBe(2);
});

test('a resumed dashboard stays connected, however long it was disconnected', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
  dashboard.terminate();
  await dashboard.closed;
  await hub.advance(59_000, agent);
  const resumed = await openDashboard(hub);
  await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
  await hub.advance(60_000, agent, resumed);
  expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
  const id = await resumed.request('!ls');
  await agent.waitForExecute(id);
  agent.run(id, 'hello');
  await resumed.waitForComplete(id);
  expect(resumed.outputOf(id)).toBe('hello');
});

test('in mode attached, only the named terminals are replayed', async () => {
  await using fixture = await startHubFixture({ dashboard: { terminals: 'attached' } });
  const other = await connectDashboard(fixture.hub);
  const { connectionId, hubEpoch } = await fixture.dashboard.waitFor('dashboard:welcome');
  const unnamed = await fixture.startCommand('!unnamed');
  fixture.dashboard.send({ type: 'terminal:attach', commandId: unnamed });
  fixture.agent.sendFinished(unnamed);
  await fixture.dashboard.waitForComplete(unnamed);
  const first = await fixture.startCommand('!first');
  fixture.dashboard.send({ type: 'terminal:attach', commandId: first });
  fixture.dashboard.terminate();
  await fixture.dashboard.closed;
  fixture.agent.sendOutput(first, 'a');
  fixture.agent.sendFinished(first);
  const second = await other.request('!second');
  await fixture.agent.waitForExecute(second);
  fixture.agent.run(second, 'b');
  await other.waitForComplete(second);
  const resumed = await openDashboard(fixture.hub);
  const terminals = [{ commandId: first, afterSequence: -1 }];
  await resumed.connect(fixture.hub, {
    terminals: 'attached',
    resume: { connectionId, hubEpoch, terminals },
  });
  await resumed.waitForComplete(first);
  await resumed.ping();
  expect(resumed.outputOf(first)).toBe('a');
  expect(resumed.terminalMessages(second)).toEqual([]);
  for (const id of [first, second]) expect(resumed.statusesOf(id)).toEqual(['completed']);
  const { subscriptions } = fixture.hub.hub.state.dashboards.get(connectionId) ?? {};
  expect([...(subscriptions?.keys() ?? [])]).toEqual([first]);
});

test('only the ends of commands that no pong has confirmed are sent again', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
  const confirmed = await fixture.startCommand();
  agent.sendFinished(confirmed);
  await dashboard.waitForStatus(confirmed, 'completed');
  await hub.advance(30_000, agent, dashboard);
  await dashboard.ping();
  const unconfirmed = await fixture.startCommand();
  agent.sendFinished(unconfirmed);
  await dashboard.waitForStatus(unconfirmed, 'completed');
  dashboard.send({ type: 'terminal:detach', commandId: 'unknown' });
  await dashboard.ping();
  dashboard.terminate();
  await dashboard.closed;
  const resumed = await openDashboard(hub);
  await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
  await resumed.ping();
  expect([resumed.statusesOf(confirmed), resumed.statusesOf(unconfirmed)]).toEqual([
    [],
    ['completed'],
  ]);
});

test('the buffers of attached terminals are kept until the dashboard resumes', async () => {
  await using fixture = await startHubFixture({ settings: { bufferMemoryBytes: 10 } });
  const { connectionId, hubEpoch } = await fixture.dashboard.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  fixture.dashboard.terminate();
  await fixture.dashboard.closed;
  fixture.agent.sendOutput(id, 'more than ten bytes');
  fixture.agent.sendFinished(id);
  await fixture.agent.waitForAcknowledged(id);
  const resume = { connectionId, hubEpoch, terminals: [{ commandId: id, afterSequence: -1 }] };
  const resumed = await openDashboard(fixture.hub);
  await resumed.connect(fixture.hub, { resume });
  await resumed.waitForComplete(id);
  expect(resumed.outputOf(id)).toBe('more than ten bytes');
});

test('a resume takes over a connection that still seems connected', async () => {
  await using fixture = await startHubFixture();
  const { hub } = fixture;
  const halfOpen = await connectManualDashboard(hub);
  const { connectionId, hubEpoch } = await halfOpen.waitFor('dashboard:welcome');
  halfOpen.pause();
  const id = await fixture.startCommand();
  hub.clock.advance(20_000);
  fixture.agent.sendOutput(id, 'missed');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
  const resumed = await openDashboard(hub);
  const resume = { connectionId, hubEpoch, terminals: [] };
  expect(await resumed.connect(hub, { resume })).toMatchObject({ resumed: true });
  await resumed.waitForStatus(id, 'completed');
  halfOpen.resume();
  expect(await halfOpen.closed).toEqual({ code: 4001, reason: 'replaced' });
  const next = await fixture.startCommand('!next');
  await resumed.waitForStatus(next, 'running');
});

test('after a restart of the hub, a resume is a new connection and terminals start from the beginning', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const { connectionId, hubEpoch } = await fixture.dashboard.waitFor('dashboard:welcome');
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'a');
  await fixture.agent.waitForAck(id, 1);
  await using hub = await fixture.hub.crash();
  const resumed = await openDashboard(hub);
  const resume = { connectionId, hubEpoch, terminals: [{ commandId: id, afterSequence: 0 }] };
  const welcome = await resumed.connect(hub, { resume });
  expect(welcome.resumed).toBe(false);
  expect(welcome.hubEpoch).not.toBe(hubEpoch);
  await resumed.waitForOutput(id);
  expect(resumed.outputOf(id)).toBe('a');
  await connectAgent(hub, { token: fixture.agent.token });
  await resumed.waitForComplete(id);
});

test.each(['another user', 'another epoch', 'an unknown connection'])(
  'a resume with %s is a new connection',
  async (difference) => {
    await using hub = await startTestHub();
    const dashboard = await connectDashboard(hub);
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    dashboard.terminate();
    await dashboard.closed;
    const other = await openDashboard(hub);
    const welcome = await other.connect(hub, {
      userId: difference === 'another user' ? 'eve' : 'ada',
      resume: {
        connectionId: difference === 'an unknown connection' ? 'c' : connectionId,
        hubEpoch: difference === 'another epoch' ? 'before' : hubEpoch,
        terminals: [],
      },
    });
    expect(welcome.resumed).toBe(false);
    expect(welcome.connectionId).not.toBe(connectionId);
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
  },
);

test('a resumed dashboard receives the end of a command whose outcome took long to store', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
  const other = await connectDashboard(hub);
  const id = await fixture.startCommand();
  hub.store.fail((call) => call === 'commands.update');
  agent.sendFinished(id);
  await hub.store.waitForFault('commands.update');
  await hub.advance(240_000, agent, dashboard, other);
  dashboard.terminate();
  await dashboard.closed;
  hub.store.clearFaults();
  await hub.advance(1_000, agent, other);
  await other.waitForStatus(id, 'completed');
  await hub.advance(5_000, agent, other);
  const next = await other.request('!next');
  await agent.waitForExecute(next);
  agent.run(next);
  await other.waitForStatus(next, 'completed');

  const resumed = await openDashboard(hub);
  await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
  await resumed.waitForStatus(next, 'completed');
  expect(resumed.statusesOf(id)).toEqual(['completed']);
});

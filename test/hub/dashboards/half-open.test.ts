// A dashboard whose socket is half-open: the hub still considers it connected.
import { describe, expect, test } from 'bun:test';
import { connectManualDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';

describe('a command that starts and ends while a socket is half-open', () => {
  test.each(['all', 'attached'] as const)(
    'is sent completely after resume in mode %s',
    async (terminals) => {
      await using fixture = await startHubFixture();
      const { hub, agent, dashboard } = fixture;
      const halfOpen = await connectManualDashboard(hub, { terminals });
      const { connectionId, hubEpoch } = await halfOpen.waitFor('dashboard:welcome');
      halfOpen.pause();
      const id = await fixture.startCommand();
      if (terminals === 'attached') halfOpen.send({ type: 'terminal:attach', commandId: id });
      agent.sendOutput(id, 'hello');
      agent.sendFinished(id);
      await dashboard.waitForComplete(id);
      await dashboard.waitForStatus(id, 'completed');
      expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');

      const resumed = await openDashboard(hub);
      const named = terminals === 'attached' ? [{ commandId: id, afterSequence: -1 }] : [];
      await resumed.connect(hub, {
        terminals,
        resume: { connectionId, hubEpoch, terminals: named },
      });
      await resumed.waitForComplete(id);
      expect(resumed.outputOf(id)).toBe('hello');
      expect(resumed.statusesOf(id)).toEqual(['completed']);
    },
  );

  test('keeps its buffer, however little memory there is', async () => {
    await using fixture = await startHubFixture({ settings: { bufferMemoryBytes: 1 } });
    const { hub, agent, dashboard } = fixture;
    const halfOpen = await connectManualDashboard(hub);
    const { connectionId, hubEpoch } = await halfOpen.waitFor('dashboard:welcome');
    halfOpen.pause();
    const id = await fixture.startCommand();
    agent.sendOutput(id, 'hello');
    agent.sendFinished(id);
    await dashboard.waitForComplete(id);
    for (let i = 0; i < 5; i++) await hub.advance(1_000, agent, dashboard);
    const resumed = await openDashboard(hub);
    await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
    await resumed.waitForComplete(id);
    expect(resumed.outputOf(id)).toBe('hello');
  });

  test('is not sent again once a pong has confirmed it', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
    const id = await fixture.startCommand();
    agent.sendOutput(id, 'hello');
    agent.sendFinished(id);
    await dashboard.waitForComplete(id);
    for (let i = 0; i < 3; i++) await hub.advance(1_000, agent, dashboard);
    dashboard.terminate();
    const resumed = await openDashboard(hub);
    await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
    await resumed.ping();
    expect(resumed.terminalMessages(id)).toEqual([]);
  });

  test('is not confirmed by an unsolicited pong', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const halfOpen = await connectManualDashboard(hub);
    const { connectionId, hubEpoch } = await halfOpen.waitFor('dashboard:welcome');
    const id = await fixture.startCommand();
    agent.sendOutput(id, 'hello');
    agent.sendFinished(id);
    await dashboard.waitForComplete(id);
    await hub.advance(1_000, agent, dashboard);
    halfOpen.sendPong('');
    halfOpen.sendPong('17');
    await halfOpen.ping();
    const resumed = await openDashboard(hub);
    await resumed.connect(hub, { resume: { connectionId, hubEpoch, terminals: [] } });
    await resumed.waitForComplete(id);
    expect(resumed.outputOf(id)).toBe('hello');
  });
});

test('a close without a code ends the connection', async () => {
  await using fixture = await startHubFixture();
  const halfOpen = await connectManualDashboard(fixture.hub);
  const { connectionId } = await halfOpen.waitFor('dashboard:welcome');
  halfOpen.closeWithoutCode();
  await halfOpen.closed;
  await fixture.dashboard.ping();
  expect(fixture.hub.hub.state.dashboards.has(connectionId)).toBe(false);
});

test('resuming updates the client information', async () => {
  await using fixture = await startHubFixture();
  const { connectionId, hubEpoch } = await fixture.dashboard.waitFor('dashboard:welcome');
  fixture.dashboard.terminate();
  await fixture.dashboard.closed;
  const dashboard = await openDashboard(fixture.hub);
  dashboard.send({
    type: 'dashboard:connect',
    token: await fixture.hub.issueToken(),
    clientInfo: { userAgent: 'updated', timezone: 'Asia/Tokyo' },
    resume: { connectionId, hubEpoch, terminals: [] },
  });
  await dashboard.waitFor('dashboard:welcome', ({ resumed }) => resumed);
  expect(fixture.hub.hub.state.dashboards.get(connectionId)?.clientInfo).toEqual({
    userAgent: 'updated',
    timezone: 'Asia/Tokyo',
  });
});

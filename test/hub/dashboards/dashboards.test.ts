// Dashboards that are connected: heartbeats, silence, sessions and closes.
import { expect, test } from 'bun:test';
import {
  connectDashboard,
  connectManualDashboard,
  openDashboard,
} from '../../support/hub/dashboard.ts';
import { startTestHub } from '../../support/hub/hub.ts';

test('a dashboard receives a heartbeat every 10 s', async () => {
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

test('a dashboard is pinged every 30 s and stays connected while it answers', async () => {
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

test('a dashboard that is silent for 60 s is disconnected and can resume', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectManualDashboard(hub);
  const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
  hub.clock.advance(59_999);
  expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('CONNECTED');
  hub.clock.advance(1);
  expect(await dashboard.closed).toEqual({ code: 1001, reason: 'silent' });
  expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
  const resumed = await openDashboard(hub);
  const resume = { connectionId, hubEpoch, terminals: [] };
  expect(await resumed.connect(hub, { resume })).toMatchObject({ resumed: true, connectionId });
});

test('a dashboard is disconnected when its session expires', async () => {
  await using hub = await startTestHub();
  const session = await hub.startSession();
  hub.clock.advance(session.expiresAt - hub.clock.now() - 50_000);
  const { token } = await hub.tokens.issueSocket(session);
  const dashboard = await connectDashboard(hub, { token });
  hub.clock.advance(49_999);
  await dashboard.ping();
  hub.clock.advance(1);
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'expired' });
  expect(hub.hub.state.dashboards.size).toBe(0);
});

test('a dropped dashboard cannot resume after 60 s', async () => {
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

test('a dashboard that closes its connection cannot resume', async () => {
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

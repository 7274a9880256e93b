// The wall clock is set forward or back while the hub runs.
import { expect, test } from 'bun:test';
import { connectManualAgent } from '../support/hub/scripted-agent.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

test('a jump forward disconnects neither agents nor dashboards', async () => {
  await using on = await startHubFixture();
  on.hub.clock.jump(120_000);
  await on.hub.advance(2_000, on.agent, on.dashboard);
  expect(on.hub.hub.registry.find('agent')?.status).toBe('online');
  expect([...on.hub.hub.state.dashboards.values()].map(({ state }) => state)).toEqual([
    'CONNECTED',
  ]);
});

test('a jump back does not hide a silent agent', async () => {
  await using on = await startHubFixture();
  const { hub, dashboard } = on;
  await connectManualAgent(hub, { agentId: 'silent' });
  hub.clock.jump(-3_600_000);
  await hub.advance(31_000, on.agent, dashboard);
  expect(hub.hub.registry.find('silent')?.status).toBe('offline');
});

test('a jump back keeps connectionTime before lastActivity', async () => {
  await using on = await startHubFixture();
  on.hub.clock.jump(-3_600_000);
  await on.dashboard.request('!ls');
  for (const { connectionTime, lastActivity } of on.hub.hub.state.dashboards.values()) {
    expect(lastActivity).toBeGreaterThanOrEqual(connectionTime);
  }
});

// The wall clock is set forward or back while the hub runs.
import { expect, test } from 'bun:test';
import { connectManualAgent } from '../support/hub/scripted-agent.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';

test('a jump forward disconnects neither agents nor dashboards', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.clock.jump(120_000);
  await fixture.hub.advance(2_000, fixture.agent, fixture.dashboard);
  expect(fixture.hub.hub.registry.find('agent')?.status).toBe('online');
  expect([...fixture.hub.hub.state.dashboards.values()].map(({ state }) => state)).toEqual([
    'CONNECTED',
  ]);
});

test('a jump back does not hide a silent agent', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  await connectManualAgent(hub, { agentId: 'silent' });
  hub.clock.jump(-3_600_000);
  await hub.advance(31_000, fixture.agent, dashboard);
  expect(hub.hub.registry.find('silent')?.status).toBe('offline');
});

test('a jump back keeps connectionTime before lastActivity', async () => {
  await using fixture = await startHubFixture();
  fixture.hub.clock.jump(-3_600_000);
  await fixture.dashboard.request('!ls');
  for (const { connectionTime, lastActivity } of fixture.hub.hub.state.dashboards.values()) {
    expect(lastActivity).toBeGreaterThanOrEqual(connectionTime);
  }
});

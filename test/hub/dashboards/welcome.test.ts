// What a dashboard receives when it connects.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';

test('the welcome is followed by the status of every agent and of every live command', async () => {
  await using fixture = await startHubFixture({ settings: { commandTimeoutMs: 60_000 } });
  await fixture.hub.addAgent('other', 'codex');
  const running = await fixture.startCommand();
  const queued = await fixture.dashboard.request('!next');
  fixture.agent.sendOutput(running, 'output');
  await fixture.agent.waitForAck(running, 1);
  const dashboard = await connectDashboard(fixture.hub, {
    role: 'viewer',
    userId: 'eve',
    terminals: 'attached',
  });
  await dashboard.waitForStatus(queued, 'queued');
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
    hubEpoch: fixture.hub.hub.epoch,
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
  const agents = dashboard
    .ofType('agent:status')
    .map(({ agentId, status }) => `${agentId} ${status}`);
  expect(agents.toSorted()).toEqual(['agent busy', 'other offline']);
  expect(dashboard.statusesOf(running)).toEqual(['running']);
  expect(dashboard.statusesOf(queued)).toEqual(['queued']);
});

test('the start of a command is sent once it is committed, also to new dashboards', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await dashboard.request('!ls');
  await agent.waitForExecute(id);
  hub.store.fail((call) => call === 'commands.update');
  agent.sendStarted(id);
  await hub.store.waitForFault('commands.update');
  const early = await connectDashboard(hub);
  await early.waitForStatus(id, 'queued');
  hub.store.clearFaults();
  hub.clock.advance(1_000);
  await early.waitForStatus(id, 'running');
  expect(early.statusesOf(id)).toEqual(['queued', 'running']);
  const late = await connectDashboard(hub);
  await late.waitForStatus(id, 'running');
  expect(late.statusesOf(id)).toEqual(['running']);
});

test('ended commands are not sent', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  const late = await connectDashboard(fixture.hub);
  await late.ping();
  expect(late.ofType('command:status')).toEqual([]);
});

test('the status of a new agent is sent as soon as it is added', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectDashboard(hub);
  await hub.addAgent('new');
  expect(await dashboard.waitFor('agent:status')).toMatchObject({
    agentId: 'new',
    status: 'offline',
  });
});

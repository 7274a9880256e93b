// What a hub knows of agents after another hub has changed them.
import { expect, test } from 'bun:test';
import type { Actor } from '../../../src/hub/state/dashboard.ts';
import { useDatabase } from '../../support/postgres-store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startTwoHubs } from '../../support/hub/two-hubs.ts';
import { connectAgent, openAgent } from '../../support/hub/scripted-agent.ts';

const ROOT: Actor = { userId: 'root', role: 'admin', agents: null };

const database = useDatabase();

test('an agent that one hub adds is published by the other one, and can connect to it', async () => {
  await using hubs = await startTwoHubs(database.url);
  const dashboard = await connectDashboard(hubs.b);
  const token = await hubs.a.addAgent('new');
  expect(hubs.a.announced).toEqual(['agents', 'agent_tokens']);
  await hubs.b.catchUp();
  await dashboard.waitForAgentStatus('offline', 'new');
  await connectAgent(hubs.b, { agentId: 'new', token });
});

test('an agent can connect to a hub that has read its token, and not yet the agent', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.addAgent('new');
  await hubs.b.hub.caches.reload(['agent_tokens']);
  await connectAgent(hubs.b, { agentId: 'new', token });
});

test('an agent that is removed on one hub is disconnected from the other one', async () => {
  await using hubs = await startTwoHubs(database.url);
  const agent = await connectAgent(hubs.b);
  const dashboard = await connectDashboard(hubs.b);
  const running = await dashboard.request('!sleep');
  const queued = await dashboard.request('!next');
  await agent.waitForExecute(running);
  await hubs.a.catchUp();
  await hubs.a.hub.registry.remove(ROOT, 'agent');
  await hubs.b.catchUp();
  expect(await agent.closed).toEqual({ code: 1008, reason: 'revoked' });
  await dashboard.waitFor('agent:removed', ({ agentId }) => agentId === 'agent');
  await hubs.b.flush();
  expect(hubs.b.hub.storeHealth.failure()).toBeNull();
  for (const id of [running, queued]) expect(hubs.b.hub.state.executions.has(id)).toBe(false);
  const rejected = await openAgent(hubs.b);
  rejected.sendConnect({ token: agent.token });
  expect(await rejected.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
});

test('an agent that was removed and added again is another one', async () => {
  await using hubs = await startTwoHubs(database.url);
  const agent = await connectAgent(hubs.b);
  await hubs.a.catchUp();
  await hubs.a.hub.registry.remove(ROOT, 'agent');
  hubs.a.clock.advance(1);
  const token = await hubs.a.addAgent('agent', 'codex');
  await hubs.b.catchUp();
  expect(await agent.closed).toEqual({ code: 1008, reason: 'revoked' });
  await connectAgent(hubs.b, { token, agentType: 'codex' });
});

test('labels and pauses of one hub are published by the other one, and restricted users reconnect', async () => {
  await using hubs = await startTwoHubs(database.url);
  const agent = await connectAgent(hubs.b);
  await hubs.a.catchUp();
  const restricted = await hubs.b.startSession('viewer', 'eve', ['label:gpu']);
  const { token } = await hubs.b.tokens.issueSession(restricted);
  const eve = await connectDashboard(hubs.b, { token });
  const dashboard = await connectDashboard(hubs.b);
  await hubs.a.hub.registry.change(ROOT, 'agent', { labels: ['gpu'] });
  await hubs.a.hub.pauseAgents.pause(ROOT, 'agent', { note: 'repair' });
  await hubs.b.catchUp();
  await dashboard.waitFor('agent:updated');
  expect(await eve.closed).toEqual({ code: 1001, reason: 'access_changed' });
  expect(hubs.b.hub.registry.find('agent')).toMatchObject({
    labels: ['gpu'],
    paused: { by: 'root', note: 'repair' },
  });
  const queued = await dashboard.request('!ls');
  await hubs.a.hub.pauseAgents.resume(ROOT, 'agent');
  await hubs.b.catchUp();
  await agent.waitForExecute(queued);
});

test('an agent can connect to another hub than the one that has added it a moment ago', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.addAgent('new');
  const agent = await connectAgent(hubs.b, { agentId: 'new', token });
  expect(agent.ofType('agent:welcome')).toHaveLength(1);
});

test('two hubs cannot add the same agent', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.addAgent('new');
  expect(await rejectionOf(hubs.b.addAgent('new'))).toBe('An agent "new" already exists.');
  expect(hubs.b.hub.storeHealth.failure()).toBeNull();
});

test('a hub that starts closes its own earlier connections, and those of hubs that have ended', async () => {
  await using hubs = await startTwoHubs(database.url);
  await connectAgent(hubs.b);
  await hubs.b.flush();
  const log = hubs.a.store.connections;
  const isOpen = async () => (await log.list(1))[0]?.disconnectedAt === null;
  await log.markAllClosed(2, 1006, 'hub_stopped');
  expect(await isOpen()).toBe(true);
  await database.execute(`UPDATE hubs SET lease_ends_at = 0 WHERE node = 'hub-b'`);
  await log.markAllClosed(3, 1006, 'hub_stopped');
  expect((await log.list(1))[0]).toMatchObject({ disconnectedAt: 3, closeReason: 'hub_stopped' });
});

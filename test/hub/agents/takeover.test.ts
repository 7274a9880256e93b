// Several connections with the same agent ID: which one keeps it, and which are rejected.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import {
  connectAgent,
  connectManualAgent,
  createHeldCommand,
  openAgent,
  openOtherInstance,
} from '../../support/hub/scripted-agent.ts';

test('the same instance takes over, and frames from its old socket are ignored', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  const held = [createHeldCommand(id)];
  const second = await openAgent(fixture.hub);
  second.sendConnect({ token: fixture.agent.token, held });
  fixture.agent.sendOutput(id, 'ignored');
  fixture.agent.sendFinished(id);
  await second.waitFor('agent:welcome');
  expect(await fixture.agent.closed).toEqual({ code: 4001, reason: 'replaced' });
  second.sendOutput(id, 'current');
  second.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.outputOf(id)).toBe('current');
  expect(fixture.dashboard.agentStatuses()).not.toContain('offline');
});

test('another instance is rejected while the first still answers pings', async () => {
  await using fixture = await startHubFixture();
  const other = await openAgent(fixture.hub);
  other.sendConnect({ token: fixture.agent.token, instanceId: 'other' });
  expect((await other.waitFor('error')).message).toMatch(/Another process is connected as "agent"/);
  expect(await other.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
  fixture.hub.clock.advance(5_000);
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
});

test('another instance takes over when the first does not answer a ping within 2 s', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const other = await openOtherInstance(hub, first);
  expect(first.countPings()).toBe(1);
  hub.clock.advance(1_999);
  await other.ping();
  expect(other.received).toEqual([]);
  hub.clock.advance(1);
  await other.waitFor('agent:welcome');
  expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' });
});

test('a message from the first that is not a pong does not prevent the takeover', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const other = await openOtherInstance(hub, first);
  first.send({ type: 'agent:heartbeat', timestamp: 1 });
  await first.ping();
  await other.ping();
  expect(other.received).toEqual([]);
  hub.clock.advance(2_000);
  await other.waitFor('agent:welcome');
  expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' });
});

test('another instance takes over at once when the first disconnects', async () => {
  await using fixture = await startHubFixture();
  const first = await connectManualAgent(fixture.hub, { agentId: 'second' });
  const other = await openOtherInstance(fixture.hub, first, { agentId: 'second' });
  first.terminate();
  await other.waitFor('agent:welcome');
  expect(fixture.hub.hub.registry.find('second')?.status).toBe('online');
  await fixture.dashboard.ping();
  // Offline when it was added, and not again during the takeover.
  expect(fixture.dashboard.agentStatuses('second')).toEqual(['offline', 'online']);
});

test('a third instance is rejected while the second is waiting', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const second = await openOtherInstance(hub, first);
  const third = await openAgent(hub);
  third.sendConnect({ token: first.token, instanceId: 'third' });
  expect(await third.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
  hub.clock.advance(2_000);
  await second.waitFor('agent:welcome');
});

test('a second instance whose connection breaks while it is waiting can reconnect and take over', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const other = await openOtherInstance(hub, first);
  hub.clock.advance(1_000);
  // The hub has not noticed that the connection is broken.
  const again = await openOtherInstance(hub, first);
  expect(await other.closed).toEqual({ code: 4001, reason: 'replaced' });
  hub.clock.advance(999);
  await again.ping();
  expect(again.received).toEqual([]);
  hub.clock.advance(1);
  await again.waitFor('agent:welcome');
  expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' });
});

test('a shutdown closes a second instance that is waiting', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const second = await openOtherInstance(hub, first);
  hub.hub.stop();
  expect(await second.closed).toEqual({ code: 1001, reason: 'shutdown' });
  expect(second.ofType('agent:welcome')).toEqual([]);
});

test('a second instance that disconnects while waiting leaves the first connected', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const second = await openOtherInstance(hub, first);
  second.close();
  await second.closed;
  hub.clock.advance(2_000);
  await first.ping();
  expect(hub.hub.registry.find('agent')?.status).toBe('online');
});

test('the first instance keeps the agent when it reconnects while a second is waiting', async () => {
  await using hub = await startTestHub();
  const first = await connectManualAgent(hub);
  const second = await openOtherInstance(hub, first);
  const reconnected = await connectAgent(hub, { token: first.token });
  expect(await second.closed).toEqual({ code: 1008, reason: 'agent_in_use' });
  hub.clock.advance(2_000);
  await reconnected.ping();
  expect(hub.hub.registry.find('agent')?.status).toBe('online');
});

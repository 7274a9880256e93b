// A hub becomes the owner of an agent at a bad moment: while the agent comes and goes, or while the database fails.
import { expect, test } from 'bun:test';
import { AGENT_GRACE_MS } from '../../src/protocol/limits.ts';
import { LEASE_MS, RENEW_MS } from '../../src/store/cluster.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import {
  ADMIN,
  hasLogged,
  kill,
  type LinkedHub,
  passUntil,
  passUntilSettled,
  startCommand,
  startLinkedHubs,
} from '../support/hub/linked-hubs.ts';
import {
  connectAgent,
  connectManualAgent,
  createHeldCommand,
  openAgent,
  openOtherInstance,
} from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';

const database = useDatabase();

/** Lets the time of a hub pass until a call to its store fails or is delayed. */
const passUntilFault = (hub: LinkedHub, peer: Parameters<typeof passUntil>[1], call: string) =>
  passUntilSettled(hub, peer, hub.store.waitForFault(call));

test('an agent that has gone when it is claimed is offline, and its command ends', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  await kill(database, a);
  b.store.hold((call) => call === 'turns.find');
  const gone = await openAgent(b);
  gone.sendConnect({ token: agent.token, held: [createHeldCommand(commandId)] });
  await b.store.waitForFault('turns.find');
  gone.terminate();
  await gone.closed;
  await there.ping();
  b.store.release();
  await there.waitForAgentStatus('offline');
  const hasFailed = () => there.statusesOf(commandId).includes('failed');
  await passUntil(b, there, hasFailed, AGENT_GRACE_MS / 10);
});

test('a claim that fails after it was stored is made again', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { there, commandId } = await startCommand(hubs);
  await kill(database, a);
  b.store.fail((call) => ['cluster.listWithOpenOutputOf', 'cluster.release'].includes(call));
  there.send({ type: 'agent:pause', agentId: 'agent' });
  await passUntilFault(b, there, 'cluster.release');
  b.store.clearFaults();
  await passUntil(b, there, () => there.agentStatuses().at(-1) === 'offline');
  const hasFailed = () => there.statusesOf(commandId).includes('failed');
  await passUntil(b, there, hasFailed, AGENT_GRACE_MS / 10);
});

test('the state of an agent that could not be published is published again', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const here = await connectDashboard(a, { userId: 'ada' });
  const there = await connectDashboard(b, { userId: 'bob' });
  a.store.fail((call) => call === 'cluster.publishStates');
  await connectAgent(a);
  await passUntil(a, here, () => hasLogged(a, 'Could not publish the state'), 1);
  a.store.clearFaults();
  await passUntil(a, here, () => there.agentStatuses().at(-1) === 'online');
});

test('an agent that returns before its earlier hub knows where it was keeps its command', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { token, terminate, closed } = await connectAgent(a);
  const there = await connectDashboard(b, { userId: 'bob' });
  await there.waitForAgentStatus('online');
  a.cut();
  terminate();
  await closed;
  const elsewhere = await connectAgent(b, { token });
  const commandId = await there.request('work');
  await elsewhere.waitForExecute(commandId);
  elsewhere.sendStarted(commandId);
  await there.waitForStatus(commandId, 'running');
  elsewhere.terminate();
  a.restore();
  const held = [createHeldCommand(commandId)];
  const back = await connectAgent(a, { token, held });
  const { resume, stop } = await back.waitFor('agent:welcome');
  expect([resume.map((one) => one.commandId), stop]).toEqual([[commandId], []]);
});

test('the late output of a command is complete for readers of an earlier owner', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  const reader = await connectDashboard(a, { userId: 'ada', terminals: 'attached' });
  reader.send({ type: 'terminal:attach', commandId });
  await reader.waitForOutput(commandId, 'stored ');
  agent.terminate();
  await there.waitForAgentStatus('offline');
  there.send({ type: 'command:interrupt', commandId });
  await there.waitForStatus(commandId, 'interrupted');
  const { token } = agent;
  const held = [createHeldCommand(commandId, { nextSequence: 1, finished: true })];
  const back = await connectAgent(a, { token, held });
  // The size of the output is being stored when the agent moves.
  a.store.hold((call, [id]) => call === 'commands.update' && id === commandId);
  back.setNextSequence(commandId, 1);
  back.sendFinished(commandId, { outcome: 'interrupted' });
  await a.store.waitForFault('commands.update');
  const moved = await connectAgent(b, { token, held });
  moved.setNextSequence(commandId, 1);
  moved.sendFinished(commandId, { outcome: 'interrupted' });
  await moved.waitForAcknowledged(commandId);
  a.store.release();
  await passUntil(a, reader, () => reader.ofType('terminal:complete').length > 0);
  expect(reader.outputOf(commandId)).toBe('stored ');
});

test('the commands of an agent that is removed end on all hubs', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { there, commandId } = await startCommand(hubs);
  await there.waitForOutput(commandId, 'stored ');
  const removing = a.hub.registry.remove(ADMIN, 'agent');
  await passUntil(b, there, () => there.statusesOf(commandId).includes('failed'));
  await there.waitForComplete(commandId);
  await removing;
});

test('the output of each command is read once while an agent is claimed, however long that takes', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  // It reads no output.
  const reader = await connectDashboard(b, { userId: 'bob', terminals: 'attached' });
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  const queued = await here.request('next');
  await reader.waitForStatus(queued, 'queued');
  await reader.waitForStatus(commandId, 'running');
  const reads: unknown[] = [];
  b.store.hold((call, [id]) => call === 'output.listLatest' && id === queued);
  b.store.fail((call, [id]) => {
    if (call === 'output.listLatest') reads.push(id);
    return false;
  });
  const held = [createHeldCommand(commandId)];
  const moving = connectAgent(b, { token: agent.token, held });
  await passUntilFault(b, reader, 'output.listLatest');
  await b.advance(20_000, reader);
  b.store.release();
  await passUntilSettled(b, reader, moving);
  expect(reads).toEqual([commandId, queued]);
});

test('an instance that waits to take over from another one when the agent moves is sent to the new owner', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const first = await connectManualAgent(a);
  const other = await openOtherInstance(a, first);
  while (first.countPings() === 0) await a.flush();
  const moved = await connectAgent(b, { token: first.token });
  expect(await first.closed).toEqual({ code: 1001, reason: 'moved' });
  expect(await other.closed).toEqual({ code: 1001, reason: 'moved' });
  expect(other.ofType('agent:welcome')).toEqual([]);
  await moved.ping();
});

test('a hub that stops while another one asks it for an agent lets the agent go', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const first = await connectManualAgent(a);
  const other = await openOtherInstance(b, first);
  while (first.countPings() === 0) await a.flush();
  a.hub.stop();
  await other.waitFor('agent:welcome');
  expect(other.ofType('error')).toEqual([]);
});

test('a hub whose name another one has cannot be used', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a } = hubs;
  await database.execute(
    `UPDATE hubs SET hub_id = 'other', lease_ends_at = 9e15 WHERE node = '${a.node}'`,
  );
  a.clock.advance(RENEW_MS);
  expect((await a.hub.unusable).message).toContain('hub-a');
});

test('a hub whose lease could not be renewed is not ready', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a } = hubs;
  const { readiness } = a.hub;
  expect(readiness.listProblems()).toEqual([]);
  a.store.fail((call) => call === 'cluster.renew');
  a.clock.advance(LEASE_MS + RENEW_MS);
  expect(readiness.listProblems()).toContain('The hub could not renew its lease in time.');
  a.store.clearFaults();
  const peer = await connectDashboard(a, { userId: 'ada' });
  await passUntil(a, peer, () => readiness.listProblems().length === 0);
});

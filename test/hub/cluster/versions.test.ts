// Hubs of two versions side by side, during an upgrade: they use the same tables, and ignore what they do not understand.
import { expect, test } from 'bun:test';
import type { Bus } from '../../../src/bus/bus.ts';
import { createCalls } from '../../../src/hub/cluster/calls.ts';
import { LEASE_MS, RENEW_MS } from '../../../src/store/cluster.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { type LinkedHub, startLinkedHubs } from '../../support/hub/linked-hubs.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { useDatabase, laterSchema } from '../../support/postgres-store.ts';

const IGNORED =
  'Ignored a message of another hub that this version of Signalbox does not understand.';

const database = useDatabase();

const logged = ({ logEntries }: LinkedHub, message: string) =>
  logEntries.filter((entry) => entry.message === message);

const publish = (agentId: string, published: unknown) =>
  database.execute(
    `UPDATE agent_states SET published = '${JSON.stringify(published)}' WHERE agent_id = '${agentId}'`,
  );

async function readPublished(agentId: string): Promise<Record<string, unknown>> {
  const [row] = await database.execute<{ published: string }>(
    `SELECT published FROM agent_states WHERE agent_id = '${agentId}'`,
  );
  return JSON.parse(row?.published ?? '') as Record<string, unknown>;
}

test('hubs that know different migrations handle commands for the agents of each other', async () => {
  await using hubs = await startLinkedHubs(database.url, laterSchema('compatible'));
  const { a, b } = hubs;
  const ofA = await connectAgent(a, { agentId: 'of-a' });
  const ofB = await connectAgent(b, { agentId: 'of-b' });
  const onA = await connectDashboard(a, { userId: 'ada' });
  const onB = await connectDashboard(b, { userId: 'bob' });
  await onA.waitForAgentStatus('online', 'of-b');
  await onB.waitForAgentStatus('online', 'of-a');
  for (const [agentId, agent, dashboard, other] of [
    ['of-a', ofA, onB, onA],
    ['of-b', ofB, onA, onB],
  ] as const) {
    const commandId = await dashboard.request('work', { agentId });
    await agent.waitForExecute(commandId);
    agent.run(commandId, agentId);
    for (const one of [dashboard, other]) await one.waitForStatus(commandId, 'completed');
  }
  const held = await onB.request('wait', { agentId: 'of-a' });
  await ofA.waitForExecute(held);
  ofA.sendStarted(held);
  await onB.waitForStatus(held, 'running');
  onB.send({ type: 'command:interrupt', commandId: held });
  await ofA.waitFor('command:interrupt', ({ commandId }) => commandId === held);
});

test('the state of an agent has what the previous version requires', async () => {
  await using hubs = await startLinkedHubs(database.url);
  await connectAgent(hubs.a);
  const dashboard = await connectDashboard(hubs.b, { userId: 'bob' });
  await dashboard.waitForAgentStatus('online');
  const required = ['summary', 'stopping', 'terminalSize', 'instanceId', 'ended'];
  expect(Object.keys(await readPublished('agent'))).toEqual(expect.arrayContaining(required));
});

test('a method of another version is answered at once', async () => {
  await using hubs = await startLinkedHubs(database.url);
  await connectAgent(hubs.a);
  const { calls } = createPeer(hubs.connect());
  const call = calls.call(hubs.a.hub.hubId ?? '', 'later', ['agent'], 60_000);
  expect(await call.catch((error: unknown) => error)).toMatchObject({
    name: 'HubError',
    code: 'unavailable',
    message:
      'The hub of this agent has another version of Signalbox, which does not support this. Try again when all hubs have the same version.',
  });
});

test('the code of an error that only a later version knows is not used', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { calls, clock } = createPeer(hubs.connect());
  const later = hubs.connect();
  later.subscribe('hub.later', (message) => {
    const { id, from } = message as { id: string; from: string };
    const error = { code: 'too_late', message: 'It is too late.', added: 1 };
    later.publish(`hub.${from}`, { type: 'answer', id, error, added: 1 });
  });
  const call = calls.call('later', 'x', [], 60_000);
  expect(await call.catch((error: unknown) => error)).toMatchObject({
    code: 'unavailable',
    message: 'It is too late.',
  });
  expect(clock.countTimers()).toBe(0);
});

test('messages of another version are ignored, and counted', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const there = await connectDashboard(b);
  await there.waitForAgentStatus('online');
  const running = await there.request('work');
  await agent.waitForExecute(running);
  agent.sendStarted(running);
  agent.sendOutput(running, 'first ');
  await there.waitForOutput(running, 'first');
  const bus = hubs.connect();
  const unknown = ['text', null, 7, [], {}, [{ commandId: 1 }], { type: 'later', agentIds: 'all' }];
  const topics = ['agents', 'output', `output.${running}`, `hub.${b.hub.hubId}`, 'later'];
  for (const topic of topics) for (const message of unknown) bus.publish(topic, message);
  bus.publish('tables', { names: ['users'] });
  bus.publish('tables', ['added_later']);
  bus.publish('agents', { agentIds: [], turns: [], ended: [], added: 1 });
  agent.sendOutput(running, 'second');
  agent.sendFinished(running);
  await there.waitForStatus(running, 'completed');
  await there.waitForComplete(running);
  expect(there.outputOf(running)).toBe('first second');
  expect(logged(b, IGNORED)).toMatchObject([{ level: 'warn', fields: { count: 1 } }]);
  b.clock.advance(10_000);
  // The others, without the empty list of commands, and that of the tables.
  expect(logged(b, IGNORED)[1]?.fields).toMatchObject({ count: unknown.length * 4 - 1 });
});

test('the state of an agent that cannot be read does not stop the others', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const other = await connectAgent(a, { agentId: 'other' });
  const there = await connectDashboard(b);
  await there.waitForAgentStatus('online');
  await there.waitForAgentStatus('online', 'other');
  const published = await readPublished('agent');
  await publish('agent', { ...published, summary: { status: 'dreaming' } });
  const commandId = await there.request('work', { agentId: 'other' });
  await other.waitForExecute(commandId);
  other.run(commandId);
  await b.hub.caches.refresh(['agents']);
  b.clock.advance(1_000);
  await there.waitForAgentStatus('offline');
  await there.waitForStatus(commandId, 'completed');
  expect(logged(b, UNREADABLE)).toMatchObject([{ level: 'warn', fields: { agentId: 'agent' } }]);
  // The next state is readable, with a field that this version does not know.
  await publish('agent', { ...published, added: { later: true } });
  b.clock.advance(1_000);
  await there.waitUntil(() => there.agentStatuses().at(-1) === 'online', 'online again');
  const next = await there.request('work');
  await agent.waitForExecute(next);
});

const UNREADABLE =
  'A hub of another version has published the state of an agent in a way that this version of Signalbox does not understand. The agent is shown as offline here.';

test('an agent that cannot be updated is tried again, and the others do not wait for it', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const other = await connectAgent(a, { agentId: 'other' });
  const there = await connectDashboard(b);
  await there.waitForAgentStatus('online');
  await there.waitForAgentStatus('online', 'other');
  const commandId = await there.request('work');
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  await there.waitForStatus(commandId, 'running');
  b.store.fail((call, [ids]) => call === 'cluster.listByIds' && (ids as string[])[0] === commandId);
  agent.sendFinished(commandId);
  await b.store.waitForFault('cluster.listByIds');
  const second = await there.request('work', { agentId: 'other' });
  await other.waitForExecute(second);
  other.sendStarted(second);
  await there.waitForStatus(second, 'running');
  b.store.clearFaults();
  b.clock.advance(1_000);
  await there.waitForStatus(commandId, 'completed');
});

test('a hub that cannot use the tables anymore says so', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { b } = hubs;
  await database.execute('UPDATE hubs SET lease_ends_at = 0');
  await database.execute('UPDATE schema_version SET version = 99, oldest_version = 99');
  b.clock.advance(RENEW_MS);
  expect((await b.hub.unusable).message).toContain('only versions of Signalbox that know schema');
});

test('an agent that has connected to another hub a moment ago is not refused as offline', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const token = await a.addAgent();
  const there = await connectDashboard(b);
  await b.hub.caches.refresh(['agents', 'agent_tokens']);
  b.cut();
  const agent = await connectAgent(a, { token });
  await a.flush();
  while ((await readOwnerCount()) === 0);
  const commandId = await there.request('work');
  a.clock.advance(LEASE_MS / 10);
  await agent.waitForExecute(commandId);
  // The others are still refused.
  await a.addAgent('absent');
  await b.hub.caches.refresh(['agents', 'agent_tokens']);
  const refused = there.request('work', { agentId: 'absent' });
  expect(String(await refused.catch((error: unknown) => error))).toContain('agent_offline');
});

const readOwnerCount = async () =>
  (await database.execute('SELECT 1 FROM agent_states WHERE published IS NOT NULL')).length;

/** The calls of another hub. */
function createPeer(bus: Bus) {
  const clock = createManualClock();
  const messages = { ignore: () => undefined };
  const answer = () => Promise.reject(new Error('It answers nothing.'));
  return { clock, calls: createCalls({ bus, clock, hubId: 'peer', messages }, answer) };
}

// An agent moves from one hub to another one at a bad moment: while writes of its earlier owner fail, while the bus loses
// messages, and after an outage of the database.
import { expect, test } from 'bun:test';
import { AGENT_GRACE_MS } from '../../src/protocol/limits.ts';
import { LEASE_MS, RENEW_MS } from '../../src/store/cluster.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import {
  ADMIN,
  endLease,
  hasLogged,
  kill,
  type LinkedHub,
  passUntil,
  passUntilSettled,
  startCommand,
  startLinkedHubs,
} from '../support/hub/linked-hubs.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';
import { rejectionOf } from '../support/rejection.ts';

const STOPPING = 'This hub is stopping. Try again.';
const database = useDatabase();

async function readOwner(): Promise<{ node: string; epoch: string } | undefined> {
  const [owner] = await database.execute<{ node: string; epoch: string }>(
    'SELECT node, epoch FROM agent_states JOIN hubs USING (hub_id)',
  );
  return owner;
}

/** Reads from the API of a hub, as the user of its dashboard. */
const read = (hub: LinkedHub, path: string) =>
  hub.callApi('GET', path, { userId: hub.node === 'hub-a' ? 'ada' : 'bob' });

test.each([true, false])(
  'writes that are tried again after the agent has moved change nothing (bus is cut: %p)',
  async (isCut) => {
    await using hubs = await startLinkedHubs(database.url);
    const { a, b } = hubs;
    const { agent, commandId } = await startCommand(hubs);
    if (isCut) a.cut();
    a.store.fail((call) => ['output.append', 'commands.update'].includes(call));
    agent.sendOutput(commandId, 'not stored');
    await a.store.waitForFault('output.append');
    agent.sendFinished(commandId, { exitCode: 7 });
    await agent.ping();
    const moved = await connectAgent(b, {
      token: agent.token,
      held: [createHeldCommand(commandId, { nextSequence: 2, finished: true })],
    });
    // Readers of hub B have seen output that was not stored, if the bus has delivered it. They begin again.
    const there = await connectDashboard(b, { userId: 'bob', terminals: 'attached' });
    there.send({ type: 'terminal:attach', commandId });
    moved.setNextSequence(commandId, 1);
    moved.sendOutput(commandId, 'sent again');
    moved.sendFinished(commandId, { exitCode: 0 });
    await there.waitForStatus(commandId, 'completed');
    await there.waitForComplete(commandId);
    expect(there.outputOf(commandId)).toBe('stored sent again');
    a.store.clearFaults();
    a.clock.advance(RENEW_MS);
    expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
    await a.flush();
    a.restore();
    const fresh = await connectDashboard(a, { userId: 'ada' });
    await passUntil(a, fresh, () => fresh.agentStatuses().at(-1) === 'online');
    for (const hub of [a, b]) {
      const output = await read(hub, `/commands/${commandId}/output`);
      expect(await output.text()).toBe('stored sent again');
      const response = await read(hub, `/commands/${commandId}`);
      expect(await response.json()).toMatchObject({ status: 'completed', exitCode: 0 });
    }
    expect(await readOwner()).toEqual({ node: 'hub-b', epoch: '2' });
  },
);

test('a new owner has all that was stored, also what it was not told of', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, commandId } = await startCommand(hubs);
  const there = await connectDashboard(b, { userId: 'bob', terminals: 'all' });
  await there.waitForOutput(commandId, 'stored ');
  a.cut();
  agent.sendOutput(commandId, 'untold ');
  await agent.waitForAck(commandId, 2);
  const held = [createHeldCommand(commandId, { nextSequence: 3 })];
  const moved = await connectAgent(b, { token: agent.token, held });
  moved.setNextSequence(commandId, 2);
  moved.sendOutput(commandId, 'new');
  moved.sendFinished(commandId);
  await there.waitForComplete(commandId);
  expect(there.outputOf(commandId)).toBe('stored untold new');
  a.restore();
});

test('a write that is tried again after the agent has moved and come back changes nothing', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, here, there, commandId } = await startCommand(hubs);
  a.store.fail((call) => call === 'commands.update');
  agent.sendFinished(commandId, { exitCode: 7 });
  await a.store.waitForFault('commands.update');
  const { token } = agent;
  const held = [createHeldCommand(commandId, { nextSequence: 1, finished: true })];
  const moved = await connectAgent(b, { token, held });
  moved.sendFinished(commandId, { exitCode: 0 });
  await there.waitForStatus(commandId, 'completed');
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  await connectAgent(a, { token });
  expect(await readOwner()).toEqual({ node: 'hub-a', epoch: '3' });
  a.store.clearFaults();
  // Twice, because the first attempt waits for nothing but the time.
  for (let attempt = 0; attempt < 2; attempt++) await a.advance(1_000, here);
  await a.flush();
  const response = await read(a, `/commands/${commandId}`);
  expect(await response.json()).toMatchObject({ status: 'completed', exitCode: 0 });
});

test('a start that is not committed when the agent moves is published when the next hub has stored it', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  a.store.fail((call) => call === 'commands.update');
  agent.sendStarted(commandId);
  await a.store.waitForFault('commands.update');
  const held = [createHeldCommand(commandId, { finished: true })];
  const moved = await connectAgent(b, { token: agent.token, held });
  moved.sendFinished(commandId);
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  await here.waitForStatus(commandId, 'completed');
  expect(here.statusesOf(commandId)).toEqual(['queued', 'running', 'completed']);
});

test('what an earlier owner has stored is not published again when it learns that late', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  a.store.holdResult((call) => call === 'commands.update');
  agent.sendStarted(commandId);
  await a.store.waitForFault('commands.update');
  const held = [createHeldCommand(commandId, { finished: true })];
  const moved = await connectAgent(b, { token: agent.token, held });
  moved.sendFinished(commandId);
  await here.waitForStatus(commandId, 'completed');
  a.store.release();
  await a.flush();
  await here.ping();
  expect(here.statusesOf(commandId)).toEqual(['queued', 'running', 'completed']);
});

test('the end of a command is published once, also if its agent moves long after it', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.run(commandId, 'text');
  await here.waitForStatus(commandId, 'completed');
  await a.advance(90_000, here, agent);
  await connectAgent(b, { token: agent.token });
  await passUntil(a, here, () => hasLogged(a, 'Another hub owns'));
  const count = here.agentStatuses().length;
  await passUntil(a, here, () => here.agentStatuses().length > count);
  await here.ping();
  expect(here.statusesOf(commandId)).toEqual(['queued', 'running', 'completed']);
});

test('a hub that is stopping takes no agent over', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a } = hubs;
  const { agent, here, commandId } = await startCommand(hubs);
  await passUntilSettled(a, here, Promise.resolve(a.hub.handOver()));
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  here.send({ type: 'command:interrupt', commandId });
  expect(await here.waitFor('error')).toMatchObject({ code: 'unavailable', message: STOPPING });
  expect(await readOwner()).toBeUndefined();
});

test('a command that has ended before its owner could tell that is published by the next owner', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const there = await connectDashboard(b, { userId: 'bob', terminals: 'all' });
  await there.waitForAgentStatus('online');
  a.cut();
  a.store.hold((call) => call === 'cluster.publishStates');
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.run(commandId, 'text');
  await here.waitForStatus(commandId, 'completed');
  await connectAgent(b, { token: agent.token });
  a.store.release();
  expect(there.statusesOf(commandId)).toEqual([]);
  await passUntil(b, there, () => there.statusesOf(commandId).length === 3);
  expect(there.statusesOf(commandId)).toEqual(['queued', 'running', 'completed']);
  await there.waitForComplete(commandId);
  expect(there.outputOf(commandId)).toBe('text');
  await b.advance(2_000, there);
  expect(there.statusesOf(commandId)).toHaveLength(3);
});

test('the output of a command is followed also after an overtaken claim', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  const { token } = agent;
  await there.waitFor('terminal:output');
  b.store.hold((call) => call === 'cluster.listRequestedOf');
  const overtaken = rejectionOf(connectAgent(b, { token, held: [createHeldCommand(commandId)] }));
  await b.store.waitForFault('cluster.listRequestedOf');
  agent.sendOutput(commandId, 'fenced');
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  const held = [createHeldCommand(commandId, { nextSequence: 1 })];
  const back = await connectAgent(a, { token, held });
  // Hub B knows the next owner when it knows the next command.
  const here = await connectDashboard(a, { userId: 'ada' });
  const next = await here.request('next');
  await passUntil(a, here, () => there.statusesOf(next).includes('queued'));
  b.store.release();
  expect(await overtaken).toContain('moved');
  b.cut();
  back.setNextSequence(commandId, 1);
  back.sendOutput(commandId, 'on');
  await back.waitForAck(commandId, 2);
  await passUntil(b, there, () => there.outputOf(commandId) === 'stored on');
});

test('a dashboard that attaches to a command on a hub that does not know yet that its agent has moved receives its output', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { token } = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada', terminals: 'attached' });
  const there = await connectDashboard(b, { userId: 'bob' });
  await there.waitForAgentStatus('online');
  await kill(database, a);
  const moved = await connectAgent(b, { token });
  const commandId = await there.request('work');
  await moved.waitForExecute(commandId);
  here.send({ type: 'terminal:attach', commandId });
  moved.sendStarted(commandId);
  moved.sendOutput(commandId, 'text');
  await passUntil(a, here, () => here.outputOf(commandId) === 'text');
  expect(here.ofType('error')).toEqual([]);
});

test('a dashboard connects again if the output of a new command cannot be read', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const there = await connectDashboard(b, { userId: 'bob', terminals: 'all' });
  await there.waitForAgentStatus('online');
  b.store.fail((call) => call === 'output.listLatest');
  await here.request('work');
  expect(await there.closed).toEqual({ code: 1001, reason: 'moved' });
});

test('a hub whose claim is overtaken by another one takes nothing over', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  const { token } = agent;
  const before = there.statusesOf(commandId);
  b.store.hold((call) => call === 'cluster.listRequestedOf');
  const overtaken = rejectionOf(connectAgent(b, { token, held: [createHeldCommand(commandId)] }));
  await b.store.waitForFault('cluster.listRequestedOf');
  agent.sendFinished(commandId);
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  const held = [createHeldCommand(commandId, { nextSequence: 1, finished: true })];
  const back = await connectAgent(a, { token, held });
  back.sendFinished(commandId);
  await there.waitForStatus(commandId, 'completed');
  b.store.release();
  expect(await overtaken).toContain('moved');
  await b.flush();
  await there.ping();
  expect(there.statusesOf(commandId)).toEqual([...before, 'completed']);
  expect(await readOwner()).toEqual({ node: 'hub-a', epoch: '3' });
});

test('the end of output that cannot be read is published when it can be read again', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  await there.waitFor('terminal:output');
  b.store.fail((call) => call === 'cluster.listOutputFrom');
  agent.sendFinished(commandId);
  await there.waitForStatus(commandId, 'completed');
  b.store.clearFaults();
  await passUntil(b, there, () => there.ofType('terminal:complete').length > 0);
  expect(there.outputOf(commandId)).toBe('stored ');
});

test('a command that is accepted while its agent moves is published by the next owner', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { userId: 'ada' });
  const there = await connectDashboard(b, { userId: 'bob', terminals: 'all' });
  await there.waitForAgentStatus('online');
  b.cut();
  // The first read is that of the mirror, and the second one that of the next owner.
  let reads = 0;
  b.store.hold((call) => call === 'cluster.listUnfinishedOf' && ++reads === 2);
  const moving = connectAgent(b, { token: agent.token });
  await b.store.waitForFault('cluster.listUnfinishedOf');
  const commandId = await here.request('work');
  b.store.release();
  const moved = await moving;
  await moved.waitForExecute(commandId);
  moved.run(commandId, 'text');
  await there.waitForComplete(commandId);
  expect(there.outputOf(commandId)).toBe('text');
  await there.waitForStatus(commandId, 'completed');
  expect(there.statusesOf(commandId)).toEqual(['queued', 'running', 'completed']);
});

test('a command that is accepted while others are restored runs after them', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { b } = hubs;
  const { agent, here, there, commandId } = await startCommand(hubs);
  await there.waitForStatus(await here.request('older'), 'queued');
  b.store.hold((call) => call === 'turns.find');
  const moving = connectAgent(b, { token: agent.token, held: [createHeldCommand(commandId)] });
  await b.store.waitForFault('turns.find');
  await there.waitForStatus(await there.request('newer', { ifOffline: 'queue' }), 'queued');
  b.store.release();
  const moved = await moving;
  moved.sendFinished(commandId);
  for (const command of ['older', 'newer']) {
    const { commandId: id } = await moved.waitFor(
      'command:execute',
      (one) => one.command === command,
    );
    moved.run(id, '');
  }
  expect(moved.executedCommands()).toEqual(['older', 'newer']);
});

test('an agent that connects twice while its commands are restored keeps the later connection', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { b } = hubs;
  const { agent, commandId } = await startCommand(hubs);
  const fields = { token: agent.token, held: [createHeldCommand(commandId)] };
  b.store.hold((call) => call === 'turns.find');
  const earlier = rejectionOf(connectAgent(b, fields));
  await b.store.waitForFault('turns.find');
  const connecting = connectAgent(b, fields);
  await connectDashboard(b, { userId: 'bob' });
  b.store.release();
  const later = await connecting;
  expect(await earlier).toContain('limit');
  expect(later.ofType('agent:welcome')).toMatchObject([{ resume: [{ commandId }], stop: [] }]);
  await later.ping();
});

test('a dashboard that connects while a hub reads the rest of a command of another one receives all of it', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  await there.waitFor('terminal:output');
  b.store.hold((call) => call === 'cluster.listOutputFrom');
  agent.sendFinished(commandId);
  await b.store.waitForFault('cluster.listOutputFrom');
  await there.ping();
  const late = await connectDashboard(b, { userId: 'bob', terminals: 'all' });
  b.store.release();
  await late.waitForComplete(commandId);
  expect(late.outputOf(commandId)).toBe('stored ');
  await late.waitForStatus(commandId, 'completed');
  expect(late.statusesOf(commandId)).toEqual(['running', 'completed']);
  expect(late.ofType('command:status')[0]).not.toHaveProperty('exitCode');
});

test('hubs whose leases have all ended in an outage keep their agents', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, there, commandId } = await startCommand(hubs);
  await endLease(database, a);
  b.clock.advance(LEASE_MS + RENEW_MS);
  await there.waitForAgentStatus('offline');
  await b.flush();
  b.clock.advance(RENEW_MS);
  await b.flush();
  a.clock.advance(RENEW_MS);
  await passUntil(b, there, () => there.agentStatuses().at(-1) === 'busy');
  agent.sendOutput(commandId, 'end');
  agent.sendFinished(commandId);
  await there.waitForStatus(commandId, 'completed');
  expect(await readOwner()).toEqual({ node: 'hub-a', epoch: '1' });
});

test('the commands of a hub that has died are ended by another one after the grace period', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { there, commandId } = await startCommand(hubs);
  const queued = await there.request('next');
  a.cut();
  // In time, each time.
  for (let passed = 0; passed <= LEASE_MS; passed += RENEW_MS) {
    await b.advance(RENEW_MS, there);
    await b.flush();
  }
  await endLease(database, a);
  await passUntil(b, there, () => hasLogged(b, 'This hub owns'));
  await there.waitForAgentStatus('offline');
  const hasFailed = () => there.statusesOf(commandId).includes('failed');
  await passUntil(b, there, hasFailed, AGENT_GRACE_MS / 10);
  expect(there.statusesOf(queued).at(-1)).toBe('queued');
});

test('a request to an owner that does not answer takes effect once its lease has ended', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { here, there } = await startCommand(hubs);
  const queued = await there.request('next');
  await there.waitForStatus(queued, 'queued');
  a.cut();
  const unanswered = rejectionOf(b.hub.queue.cancel(ADMIN, queued));
  expect(await passUntilSettled(b, there, unanswered)).toContain('does not answer');
  expect(await readOwner()).toMatchObject({ node: 'hub-a' });
  await endLease(database, a);
  const cancelling = b.hub.queue.cancel(ADMIN, queued);
  expect(await passUntilSettled(b, there, cancelling)).toMatchObject({ commandId: queued });
  expect(await readOwner()).toEqual({ node: 'hub-b', epoch: '2' });
  a.restore();
  await passUntil(a, here, () => hasLogged(a, 'Another hub owns'));
});

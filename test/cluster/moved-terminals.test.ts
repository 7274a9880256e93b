// Terminals of dashboards that move from one hub to another one, or whose command does: they continue without a repeated chunk,
// except for output that was never committed.
import { expect, test } from 'bun:test';
import { ACCEPTS_RESET, type DashboardConnect } from '../../src/protocol/dashboard-to-hub.ts';
import {
  connectDashboard,
  type DashboardOptions,
  openDashboard,
} from '../support/hub/dashboard.ts';
import { type LinkedHub, startLinkedHubs } from '../support/hub/linked-hubs.ts';
import {
  connectAgent,
  createHeldCommand,
  type ScriptedAgent,
} from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';

type Dashboard = Awaited<ReturnType<typeof connectDashboard>>;
type Terminals = NonNullable<DashboardConnect['resume']>['terminals'];

const database = useDatabase();

const accept = [ACCEPTS_RESET];
/** The hubs learn of each other's users later. */
const userOf = ({ node }: LinkedHub) => (node === 'hub-a' ? 'ada' : 'bob');

/** Starts a command whose first output is stored. */
async function startCommand(hub: LinkedHub, agentId: string) {
  const agent = await connectAgent(hub, { agentId });
  const requester = await connectDashboard(hub, { terminals: 'attached', userId: userOf(hub) });
  const commandId = await requester.request('work', { agentId });
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  agent.sendOutput(commandId, 'stored ');
  await agent.waitForAck(commandId, 1);
  requester.terminate();
  return { agent, commandId };
}

/** Two commands on hub A: the agent of the first one will move. */
async function startCommands({ a }: { a: LinkedHub }) {
  const { agent, commandId } = await startCommand(a, 'agent');
  const other = await startCommand(a, 'other');
  return { agent, commandId, other };
}

/** Connects a dashboard that receives the output of all commands, once it has what is stored. */
async function follow(
  hub: LinkedHub,
  commandIds: string[],
  options: DashboardOptions = { accept },
) {
  const dashboard = await connectDashboard(hub, {
    terminals: 'all',
    userId: userOf(hub),
    ...options,
  });
  for (const commandId of commandIds) await dashboard.waitForOutput(commandId, 'stored ');
  return dashboard;
}

const epochOf = (dashboard: Dashboard, commandId: string) =>
  dashboard.ofType('terminal:epoch').findLast((message) => message.commandId === commandId)?.epoch;

const resetsOf = (dashboard: Dashboard) =>
  dashboard.ofType('terminal:reset').map(({ commandId }) => commandId);

/** The positions with which a dashboard resumes. */
const positionsOf = (dashboard: Dashboard, commandIds: string[]): Terminals =>
  commandIds.map((commandId) => ({
    commandId,
    afterSequence: Number(dashboard.sequencesOf(commandId).at(-1) ?? -1),
    epoch: epochOf(dashboard, commandId) ?? NaN,
  }));

/** Drops the connection of a dashboard, without a close frame. */
async function drop(dashboard: Dashboard) {
  dashboard.terminate();
  await dashboard.closed;
}

/** Connects a dashboard again, to any hub, with what it has received. */
async function resume(
  hub: LinkedHub,
  dashboard: Dashboard,
  terminals: Terminals,
  options: DashboardOptions = { accept },
) {
  const { connectionId, hubEpoch } = await dashboard.waitFor('dashboard:welcome');
  const resumed = await openDashboard(hub);
  const welcome = await resumed.connect(hub, {
    terminals: 'attached',
    userId: userOf(hub),
    ...options,
    resume: { connectionId, hubEpoch, terminals },
  });
  return { ...resumed, welcome };
}

/** Sends output that is not committed. */
async function sendUncommitted({ a }: { a: LinkedHub }, agent: ScriptedAgent, commandId: string) {
  a.store.fail((call, [id]) => call === 'output.append' && id === commandId);
  agent.sendOutput(commandId, 'lost');
  await a.store.waitForFault('output.append');
}

/** The agent moves to hub B, and sends what was not committed there again, in other pieces. */
async function moveAgent(
  { b }: { b: LinkedHub },
  { token }: { token: string },
  commandId: string,
  pieces = ['lo', 'st'],
) {
  const held = [createHeldCommand(commandId, { nextSequence: 2 })];
  const moved = await connectAgent(b, { token, held });
  moved.setNextSequence(commandId, 1);
  for (const piece of pieces) {
    moved.sendOutput(commandId, piece);
    await moved.waitForAck(commandId, 2);
  }
  return moved;
}

test('terminals continue on another hub after what was received', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId, other } = await startCommands(hubs);
  const ids = [commandId, other.commandId];
  const before = await follow(hubs.a, ids);
  await drop(before);
  const after = await resume(hubs.b, before, positionsOf(before, ids));
  expect(after.welcome).toMatchObject({ resumed: false, keepsTerminals: true });
  for (const one of [{ agent, commandId }, other]) {
    one.agent.sendOutput(one.commandId, 'end');
    one.agent.sendFinished(one.commandId);
    await after.waitForComplete(one.commandId);
    expect(after.sequencesOf(one.commandId)).toEqual([1]);
  }
  expect(resetsOf(after)).toEqual([]);
});

test('a terminal that is detached before the output is read stays detached', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, commandId } = await startCommand(a, 'agent');
  const reader = await connectDashboard(b, { terminals: 'attached', userId: userOf(b) });
  await reader.waitForStatus(commandId, 'running');
  b.store.hold((call) => call === 'output.listLatest');
  reader.send({ type: 'terminal:attach', commandId });
  await b.store.waitForFault('output.listLatest');
  reader.send({ type: 'terminal:detach', commandId });
  await reader.ping();
  b.store.release();
  await follow(b, [commandId]);
  agent.sendOutput(commandId, 'end');
  agent.sendFinished(commandId);
  await reader.waitForStatus(commandId, 'completed');
  await reader.ping();
  expect(reader.sequencesOf(commandId)).toEqual([]);
});

test('a terminal of a command that has ended meanwhile receives the rest on another hub', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId } = await startCommand(hubs.a, 'agent');
  const before = await follow(hubs.a, [commandId]);
  await drop(before);
  agent.sendOutput(commandId, 'end');
  agent.sendFinished(commandId);
  await agent.waitForAcknowledged(commandId);
  const after = await resume(hubs.b, before, positionsOf(before, [commandId]));
  await after.waitForComplete(commandId);
  expect([after.sequencesOf(commandId), resetsOf(after)]).toEqual([[1], []]);
});

test('a terminal continues while the agent of its command moves, and learns of the new epoch', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId } = await startCommand(hubs.a, 'agent');
  const readers = [await follow(hubs.a, [commandId]), await follow(hubs.b, [commandId])];
  const held = [createHeldCommand(commandId, { nextSequence: 1 })];
  const moved = await connectAgent(hubs.b, { token: agent.token, held });
  moved.setNextSequence(commandId, 1);
  moved.sendOutput(commandId, 'end');
  moved.sendFinished(commandId);
  for (const reader of readers) {
    await reader.waitForComplete(commandId);
    expect(reader.sequencesOf(commandId)).toEqual([0, 1]);
    expect([epochOf(reader, commandId), resetsOf(reader)]).toEqual([2, []]);
  }
});

test('only the terminal begins again whose output was not committed', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId, other } = await startCommands(hubs);
  const ids = [commandId, other.commandId];
  const readers = [await follow(hubs.a, ids), await follow(hubs.b, ids)];
  await sendUncommitted(hubs, agent, commandId);
  for (const reader of readers) await reader.waitForOutput(commandId, 'stored lost');
  const moved = await moveAgent(hubs, agent, commandId);
  hubs.a.store.clearFaults();
  for (const one of [{ agent: moved, commandId }, other]) {
    one.agent.sendOutput(one.commandId, 'end');
    one.agent.sendFinished(one.commandId);
  }
  for (const reader of readers) {
    await reader.waitForComplete(commandId);
    await reader.waitForComplete(other.commandId);
    expect(resetsOf(reader)).toEqual([commandId]);
    const reset = reader.received.findIndex(({ type }) => type === 'terminal:reset');
    const sent = reader.received
      .slice(reset)
      .flatMap((message) =>
        message.type === 'terminal:output' && message.commandId === commandId ? [message] : [],
      );
    expect(sent.map(({ data }) => data).join('')).toBe('stored lostend');
    expect(sent.map(({ sequence }) => sequence)).toEqual(sent.map((_, index) => index));
    expect(reader.sequencesOf(other.commandId)).toEqual([0, 1]);
  }
});

test('a dashboard that moves after it has received output that was not committed begins again with that command', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId, other } = await startCommands(hubs);
  const ids = [commandId, other.commandId];
  const before = await follow(hubs.a, ids);
  await sendUncommitted(hubs, agent, commandId);
  await before.waitForOutput(commandId, 'stored lost');
  await drop(before);
  const moved = await moveAgent(hubs, agent, commandId);
  const after = await resume(hubs.b, before, positionsOf(before, ids));
  moved.sendFinished(commandId);
  other.agent.sendFinished(other.commandId);
  for (const id of ids) await after.waitForComplete(id);
  expect(resetsOf(after)).toEqual([commandId]);
  expect(after.outputOf(commandId)).toBe('stored lost');
  expect(after.sequencesOf(other.commandId)).toEqual([]);
});

test.each([true, false])(
  'a dashboard that is ahead of its next hub waits for what it has received (is committed: %p)',
  async (isCommitted) => {
    await using hubs = await startLinkedHubs(database.url);
    const { a, b } = hubs;
    const { agent, commandId } = await startCommand(a, 'agent');
    const before = await follow(a, [commandId]);
    a.cut();
    a.store.hold((call) => call === 'output.append');
    agent.sendOutput(commandId, 'late ');
    await before.waitForOutput(commandId, 'stored late ');
    await drop(before);
    const after = await resume(b, before, positionsOf(before, [commandId]));
    await b.advance(1_000, after);
    expect(after.terminalMessages(commandId)).toEqual([]);
    if (isCommitted) a.store.release();
    const sender = isCommitted ? agent : await moveAgent(hubs, agent, commandId, ['la', 'te ']);
    sender.sendOutput(commandId, 'end');
    sender.sendFinished(commandId);
    await sender.waitForAcknowledged(commandId);
    a.restore();
    while (after.ofType('terminal:complete').length === 0) {
      await b.advance(500, after);
      await b.flush();
    }
    expect(resetsOf(after)).toEqual(isCommitted ? [] : [commandId]);
    expect(after.outputOf(commandId)).toBe(isCommitted ? 'end' : 'stored late end');
  },
);

test('a dashboard that cannot begin again with one command reconnects', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId } = await startCommand(hubs.a, 'agent');
  const reader = await follow(hubs.b, [commandId], {});
  const { keepsTerminals } = await reader.waitFor('dashboard:welcome');
  await sendUncommitted(hubs, agent, commandId);
  await reader.waitForOutput(commandId, 'stored lost');
  await moveAgent(hubs, agent, commandId);
  expect(await reader.closed).toEqual({ code: 1001, reason: 'moved' });
  const { hubEpoch } = await reader.waitFor('dashboard:welcome');
  const after = await resume(hubs.b, reader, [{ commandId, afterSequence: 1 }], {});
  expect(after.welcome.resumed).toBe(false);
  expect(after.welcome.hubEpoch).not.toBe(hubEpoch);
  await after.ping();
  expect(after.terminalMessages(commandId)).toEqual([]);
  expect(epochOf(reader, commandId)).toBeUndefined();
  expect([keepsTerminals, after.welcome.keepsTerminals]).toEqual([undefined, undefined]);
});

test.each(['attached', 'all'] as const)(
  'a dashboard that is not connected when a terminal must begin again learns that when it resumes (%s)',
  async (terminals) => {
    await using hubs = await startLinkedHubs(database.url);
    const { a, b } = hubs;
    const { agent, commandId, other } = await startCommands(hubs);
    const ids = [commandId, other.commandId];
    const before = await follow(b, ids);
    const witness = await follow(b, [commandId]);
    await sendUncommitted(hubs, agent, commandId);
    for (const reader of [before, witness]) await reader.waitForOutput(commandId, 'stored lost');
    await drop(before);
    const moved = await moveAgent(hubs, agent, commandId);
    a.store.clearFaults();
    await witness.waitFor('terminal:reset');
    // In mode `all`, the hub attaches what is not listed.
    const listed = terminals === 'all' ? [other.commandId] : ids;
    const positions = positionsOf(before, listed);
    const after = await resume(b, before, positions, { accept, terminals });
    expect(after.welcome.resumed).toBe(true);
    moved.sendFinished(commandId);
    other.agent.sendFinished(other.commandId);
    for (const id of ids) await after.waitForComplete(id);
    expect(resetsOf(after)).toEqual([commandId]);
    expect(after.outputOf(commandId)).toBe('stored lost');
    expect(after.sequencesOf(other.commandId)).toEqual([]);
  },
);

test('a terminal that was detached while its output was lost begins again', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId } = await startCommand(hubs.a, 'agent');
  const reader = await follow(hubs.b, [commandId]);
  await sendUncommitted(hubs, agent, commandId);
  await reader.waitForOutput(commandId, 'stored lost');
  const [position] = positionsOf(reader, [commandId]);
  reader.send({ type: 'terminal:detach', commandId });
  await reader.ping();
  const moved = await moveAgent(hubs, agent, commandId);
  expect(resetsOf(reader)).toEqual([]);
  reader.send({ type: 'terminal:attach', ...position, commandId });
  moved.sendFinished(commandId);
  await reader.waitForComplete(commandId);
  expect(resetsOf(reader)).toEqual([commandId]);
  expect(reader.outputOf(commandId)).toBe('stored loststored lost');
});

test('a terminal without an epoch begins again on another hub', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { agent, commandId } = await startCommand(hubs.a, 'agent');
  const before = await follow(hubs.a, [commandId]);
  await drop(before);
  const after = await resume(hubs.b, before, [{ commandId, afterSequence: 0, tailBytes: 4 }]);
  agent.sendFinished(commandId);
  await after.waitForComplete(commandId);
  expect([resetsOf(after), after.outputOf(commandId)]).toEqual([[commandId], 'stored ']);
});

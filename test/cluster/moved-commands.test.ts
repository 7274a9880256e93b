// Commands of an agent that moves from one hub to another one: what readers receive of their output, and that each command ends.
import { expect, test } from 'bun:test';
import { AGENT_GRACE_MS } from '../../src/protocol/limits.ts';
import { RENEW_MS } from '../../src/store/cluster.ts';
import { UNREACHABLE_CODE } from '../../src/store/store.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { type LinkedHub, startLinkedHubs } from '../support/hub/linked-hubs.ts';
import { connectAgent, createHeldCommand, openAgent } from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';

/** Dashboards that answer pings stay connected. */
const STEP_MS = 5_000;

const database = useDatabase();

/** Starts a command on a hub, whose dashboard follows its output. */
async function startCommand(hub: LinkedHub) {
  const agent = await connectAgent(hub);
  const here = await connectDashboard(hub, { terminals: 'all' });
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  await here.waitForStatus(commandId, 'running');
  return { agent, here, commandId };
}

test('the output of a command that its owner has not found yet is not complete', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const [here, there] = [await connectDashboard(a), await connectDashboard(b)];
  await there.waitForAgentStatus('online');
  b.cut();
  const commandId = await there.request('work');
  here.send({ type: 'terminal:attach', commandId });
  await agent.waitForExecute(commandId);
  agent.run(commandId, 'text');
  await here.waitForComplete(commandId);
  expect(here.terminalMessages(commandId)).toMatchObject([
    { type: 'terminal:output', data: 'text' },
    { type: 'terminal:complete', lastSequence: 0 },
  ]);
});

test('an agent that loses its connection and moves is not lost for its earlier hub', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, here, commandId } = await startCommand(a);
  agent.terminate();
  await here.waitForAgentStatus('offline');
  const moved = await connectAgent(b, { token: agent.token, held: [createHeldCommand(commandId)] });
  await here.waitForAgentStatus('busy');
  for (let passed = 0; passed <= AGENT_GRACE_MS; passed += STEP_MS) {
    a.clock.advance(STEP_MS);
    await here.ping();
  }
  moved.sendOutput(commandId, 'text');
  moved.sendFinished(commandId);
  await here.waitForStatus(commandId, 'completed');
  await here.waitForComplete(commandId);
  await here.waitForOutput(commandId, 'text');
});

test('output that its earlier hub did not expect anymore is received from the next one', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const { agent, here, commandId } = await startCommand(a);
  a.store.fail((call) => call === 'commands.update');
  agent.sendFinished(commandId);
  await a.store.waitForFault('commands.update');
  const moved = await connectAgent(b, { token: agent.token, held: [createHeldCommand(commandId)] });
  a.clock.advance(RENEW_MS);
  await agent.closed;
  moved.sendOutput(commandId, 'text');
  moved.sendFinished(commandId);
  await here.waitForComplete(commandId);
  await here.waitForOutput(commandId, 'text');
});

test('a reader receives the output of a command that ran during an outage of the database', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const there = await connectDashboard(b, { terminals: 'all' });
  await there.waitForAgentStatus('online');
  b.store.fail((call) => call === 'output.listLatest', UNREACHABLE_CODE);
  const commandId = await there.request('work');
  await b.store.waitForFault('output.listLatest');
  await agent.waitForExecute(commandId);
  agent.run(commandId, 'text');
  await agent.waitForAcknowledged(commandId);
  b.store.clearFaults();
  await b.flush();
  b.clock.advance(1_000);
  await there.waitForOutput(commandId, 'text');
  await there.waitForComplete(commandId);
  await there.waitForStatus(commandId, 'completed');
});

test('a command that an agent did not start before it stopped is sent again by another hub', async () => {
  await using hubs = await startLinkedHubs(database.url);
  const { a, b } = hubs;
  const agent = await connectAgent(a);
  const there = await connectDashboard(b);
  await there.waitForAgentStatus('online');
  const commandId = await there.request('work');
  await agent.waitForExecute(commandId);
  a.store.hold((call) => call === 'commands.update');
  agent.close();
  await a.store.waitForFault('commands.update');
  const next = await openAgent(b);
  next.sendConnect({ token: agent.token, instanceId: 'next', journalId: 'next' });
  await next.ping();
  await b.flush();
  a.store.release();
  await next.waitForExecute(commandId, 2);
  expect(there.statusesOf(commandId)).not.toContain('failed');
});

// Approval requests of an agent that moves from one hub to another one: every dashboard sees those that are pending, and how they
// end.
import { expect, test } from 'bun:test';
import { requestApproval } from '../support/hub/approvals.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { passUntil, startLinkedHubs } from '../support/hub/linked-hubs.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';

const database = useDatabase();

const start = () => startLinkedHubs(database.url);

type Hubs = Awaited<ReturnType<typeof start>>;

/** A command on hub A asks, and a dashboard of each hub sees it. */
async function ask(hubs: Hubs) {
  const agent = await connectAgent(hubs.a);
  const here = await connectDashboard(hubs.a, { userId: 'ada', terminals: 'attached' });
  const there = await connectDashboard(hubs.b, { userId: 'bob' });
  await there.waitForAgentStatus('online');
  const commandId = await here.request('work');
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  const { approvalId } = await requestApproval({ agent, dashboard: here }, commandId);
  await there.waitFor('approval:request');
  const move = () =>
    connectAgent(hubs.b, { token: agent.token, held: [createHeldCommand(commandId)] });
  return { agent, here, there, commandId, approvalId, move };
}

test('a dashboard that connects while its hub takes an agent over sees what the agent asks', async () => {
  await using hubs = await start();
  const { move, approvalId } = await ask(hubs);
  const { store } = hubs.b;
  store.hold((call) => call === 'turns.find');
  const moving = move();
  await store.waitForFault('turns.find');
  const late = await connectDashboard(hubs.b, { userId: 'bob' });
  expect(await late.waitFor('approval:request')).toMatchObject({ approvalId });
  store.release();
  await moving;
  late.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
  expect(await late.waitFor('approval:resolved')).toMatchObject({ approvalId, optionId: 'yes' });
});

test('the dashboards of an earlier owner see how a request ends', async () => {
  await using hubs = await start();
  const { agent, here, there, move, commandId, approvalId } = await ask(hubs);
  const moved = await move();
  const { store } = hubs.a;
  store.hold((call) => call === 'cluster.listStates');
  // Its write is rejected, so hub A finds out that it has lost the agent.
  agent.sendOutput(commandId, 'late');
  expect(await agent.closed).toEqual({ code: 1001, reason: 'moved' });
  there.send({ type: 'approval:respond', approvalId, optionId: 'no' });
  await moved.waitFor('approval:resolved');
  moved.sendFinished(commandId);
  await there.waitForStatus(commandId, 'completed');
  store.release();
  expect(await here.waitFor('approval:resolved')).toMatchObject({ approvalId, optionId: 'no' });
});

test('the dashboards of an earlier owner that was cut off see how a request ends', async () => {
  await using hubs = await start();
  const { here, there, move, approvalId } = await ask(hubs);
  hubs.a.cut();
  const moved = await move();
  there.send({ type: 'approval:respond', approvalId, optionId: 'no' });
  await moved.waitFor('approval:resolved');
  await passUntil(hubs.a, here, () => here.ofType('approval:resolved').length > 0);
  expect(here.ofType('approval:request')).toHaveLength(1);
});

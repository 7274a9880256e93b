// Interactive terminals: acknowledged keystrokes, and whose window the size follows.
import { expect, test } from 'bun:test';
import { connectDashboard, type DashboardOptions } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const startPtyFixture = () => startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });

/** Connects another dashboard and attaches it to a command. */
async function attach(on: HubFixture, commandId: string, options: DashboardOptions = {}) {
  const dashboard = await connectDashboard(on.hub, { terminals: 'attached', ...options });
  dashboard.send({ type: 'terminal:attach', commandId });
  await dashboard.waitFor('terminal:size');
  return dashboard;
}

type Dashboard = Awaited<ReturnType<typeof attach>>;

const resize = (dashboard: Dashboard, commandId: string, cols: number, takeOver?: boolean) =>
  dashboard.send({
    type: 'terminal:resize',
    commandId,
    cols,
    rows: 30,
    ...(takeOver !== undefined && { takeOver }),
  });

const waitForSize = (dashboard: Dashboard, cols: number, owner: string | null, isOwner: boolean) =>
  dashboard.waitFor(
    'terminal:size',
    (size) => size.cols === cols && size.owner === owner && size.isOwner === isOwner,
  );

test('keystrokes with an inputId are answered, in order, once they were passed to the agent', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand();
  for (const inputId of [0, 1, 2]) {
    on.dashboard.send({ type: 'command:input', commandId, data: `key ${inputId}`, inputId });
  }
  await on.dashboard.waitFor('input:accepted', ({ inputId }) => inputId === 2);
  expect(on.dashboard.ofType('input:accepted').map(({ inputId }) => inputId)).toEqual([0, 1, 2]);
  await on.agent.waitFor('command:input', ({ data }) => data === 'key 2');
  expect(on.agent.ofType('command:input').map(({ data }) => data)).toEqual([
    'key 0',
    'key 1',
    'key 2',
  ]);
  expect(on.agent.ofType('command:input')[0]).not.toHaveProperty('inputId');
});

test('the next terminal of an agent begins with the size of the last one, before its program starts', async () => {
  await using on = await startPtyFixture();
  const first = await on.startCommand();
  const dashboard = await attach(on, first);
  resize(dashboard, first, 132);
  await on.agent.waitFor('terminal:resize');
  on.agent.sendFinished(first);
  const next = await on.dashboard.request('!top');
  await on.agent.waitForExecute(next);
  await on.agent.waitFor('terminal:resize', ({ commandId }) => commandId === next);
  expect(on.agent.ofType('terminal:resize').at(-1)).toMatchObject({ cols: 132, rows: 30 });
  on.agent.sendStarted(next);
  dashboard.send({ type: 'terminal:attach', commandId: next });
  await dashboard.waitFor('terminal:size', ({ commandId }) => commandId === next);
  expect(dashboard.ofType('terminal:size').at(-1)).toMatchObject({ cols: 132, owner: null });
});

test('keystrokes that cannot be passed on are not answered as accepted', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand();
  await on.disconnectAgent();
  on.dashboard.send({ type: 'command:input', commandId, data: 'y', inputId: 0 });
  await on.dashboard.waitForError('command_not_active');
  expect(on.dashboard.ofType('input:accepted')).toEqual([]);
});

test('prompts of an agent with a pty accept no keystrokes', async () => {
  await using on = await startHubFixture({ agent: { capabilities: ['prompt', 'shell', 'pty'] } });
  const commandId = await on.startCommand('explain this');
  on.dashboard.send({ type: 'command:input', commandId, data: 'y' });
  await on.dashboard.waitForError('invalid_command');
  expect(on.agent.ofType('command:input')).toEqual([]);
});

test('a dashboard that attaches receives the size, and where the output continues', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand('!vim');
  on.agent.sendOutput(commandId, 'text');
  await on.dashboard.waitForOutput(commandId, 'text');
  const viewer = await attach(on, commandId, { role: 'viewer', userId: 'eve' });
  expect(viewer.ofType('terminal:size')).toEqual([
    {
      type: 'terminal:size',
      version: '1.0.0',
      commandId,
      cols: 80,
      rows: 24,
      owner: null,
      isOwner: false,
      nextSequence: 1,
    },
  ]);
});

test('commands without an interactive terminal have no size', async () => {
  await using on = await startHubFixture({ agent: { capabilities: ['prompt', 'shell'] } });
  const commandId = await on.startCommand();
  on.dashboard.send({ type: 'terminal:attach', commandId });
  await on.dashboard.ping();
  expect(on.dashboard.ofType('terminal:size')).toEqual([]);
});

test('the size has one owner; others take over only when they ask to', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand();
  const anna = await attach(on, commandId, { userId: 'anna' });
  const ben = await attach(on, commandId, { userId: 'ben' });
  resize(anna, commandId, 100, false);
  await Promise.all([
    waitForSize(anna, 100, 'anna', true),
    waitForSize(ben, 100, 'anna', false),
    on.agent.waitFor('terminal:resize', ({ cols }) => cols === 100),
  ]);

  const before = ben.ofType('terminal:size').length;
  resize(ben, commandId, 50, false);
  const answer = await ben.waitUntil(() => ben.ofType('terminal:size')[before], 'the size');
  expect(answer).toMatchObject({ cols: 100, owner: 'anna', isOwner: false });
  resize(ben, commandId, 50, true);
  await Promise.all([waitForSize(ben, 50, 'ben', true), waitForSize(anna, 50, 'ben', false)]);
  // Without the field, a size always applies.
  resize(anna, commandId, 90);
  await waitForSize(ben, 90, 'anna', false);
  await on.agent.waitFor('terminal:resize', ({ cols }) => cols === 90);
  expect(on.agent.ofType('terminal:resize').map(({ cols }) => cols)).toEqual([100, 50, 90]);
});

test('the size has no owner once its owner has detached or left', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand();
  const anna = await attach(on, commandId, { userId: 'anna' });
  const ben = await attach(on, commandId, { userId: 'ben' });
  resize(anna, commandId, 100);
  await waitForSize(ben, 100, 'anna', false);
  anna.send({ type: 'terminal:detach', commandId });
  await waitForSize(ben, 100, null, false);
  resize(ben, commandId, 60, false);
  const eve = await attach(on, commandId, { role: 'viewer', userId: 'eve' });
  await waitForSize(eve, 60, 'ben', false);
  ben.close();
  await waitForSize(eve, 60, null, false);
});

test('a connection that breaks keeps the size until it can no longer resume', async () => {
  await using on = await startPtyFixture();
  const commandId = await on.startCommand();
  const anna = await attach(on, commandId, { userId: 'anna' });
  const eve = await attach(on, commandId, { role: 'viewer', userId: 'eve' });
  resize(anna, commandId, 100);
  await waitForSize(eve, 100, 'anna', false);
  anna.terminate();
  await on.hub.advance(30_000, on.agent, eve);
  expect(eve.ofType('terminal:size').at(-1)).toMatchObject({ owner: 'anna' });
  await on.hub.advance(100_000, on.agent, eve);
  await waitForSize(eve, 100, null, false);
});

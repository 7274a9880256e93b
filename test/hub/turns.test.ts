// Turn updates of agents: acknowledged once they are committed, restored after a restart, announced to dashboards, and
// dropped if something is missing.
import { describe, expect, test } from 'bun:test';
import type { TurnUpdate } from '../../src/protocol/agent-to-hub.ts';
import { MAX_TURN_PARTS, TURN_BATCH_MS } from '../../src/protocol/limits.ts';
import type { TurnPart } from '../../src/protocol/turn.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

type Fields = Partial<Pick<TurnUpdate, 'content' | 'append'>>;

const ADMIN = { userId: 'root', role: 'admin' as const, agents: null };
const message = (text: string): TurnPart => ({ type: 'message', text });

/** Sends updates with consecutive sequences. */
function createSender({ agent }: Pick<HubFixture, 'agent'>, commandId: string, first = 0) {
  let sequence = first;
  return (part: number, fields: Fields = {}) => {
    agent.send({ type: 'turn:update', commandId, sequence, part, ...fields });
    sequence += 1;
  };
}

const findTurn = ({ hub }: Pick<HubFixture, 'hub'>, commandId: string) =>
  hub.hub.viewFor(ADMIN).history.findTurn(commandId);
const partsOf = async (fixture: Pick<HubFixture, 'hub'>, commandId: string) =>
  (await findTurn(fixture, commandId))?.parts.map(({ content }) => content);
const isAckOf = (nextSequence: number) => (ack: { nextSequence: number }) =>
  ack.nextSequence === nextSequence;

test('an agent is told that the hub accepts turn updates', async () => {
  await using fixture = await startHubFixture();
  const [welcome] = fixture.agent.ofType('agent:welcome');
  expect(welcome?.accept).toContain('turn:update');
});

test('updates are applied in order, and acknowledged once they are committed', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  const send = createSender(fixture, commandId);
  fixture.hub.store.hold((call) => call === 'turns.save');
  send(0, { content: message('Hel') });
  await fixture.hub.store.waitForFault('turns.save');
  send(0, { append: 'lo' });
  send(1, { content: { type: 'thought', text: '' }, append: 'Hm' });
  await fixture.agent.ping();
  expect(fixture.agent.ofType('turn:ack')).toEqual([]);
  // Pages see what is not committed yet, as with output.
  expect(await partsOf(fixture, commandId)).toEqual([
    message('Hello'),
    { type: 'thought', text: 'Hm' },
  ]);
  fixture.hub.store.clearFaults();
  await fixture.agent.waitFor('turn:ack', isAckOf(3));
  const stored = await fixture.hub.store.turns.find(commandId);
  expect(stored).toMatchObject({ state: 'open', nextSequence: 3 });
  expect(stored?.parts.map(({ revision }) => revision)).toEqual([1, 2]);
});

test('repeated updates are ignored', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  createSender(fixture, commandId)(0, { content: message('a') });
  createSender(fixture, commandId)(0, { append: 'again' });
  createSender(fixture, commandId, 1)(0, { append: 'b' });
  createSender(fixture, commandId, 1)(0, { append: 'b' });
  await fixture.agent.waitFor('turn:ack', isAckOf(2));
  expect(await partsOf(fixture, commandId)).toEqual([message('ab')]);
});

test('dashboards hear of changes at once, and then at most every 100 ms', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  const send = createSender(fixture, commandId);
  for (let i = 0; i < 20; i++) send(0, i === 0 ? { content: message('') } : { append: 'x' });
  const update = await fixture.dashboard.waitFor('turn:updated');
  expect(update).toMatchObject({ commandId, agentId: 'agent' });
  await fixture.agent.waitFor('turn:ack', isAckOf(20));
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('turn:updated')).toHaveLength(1);
  fixture.hub.clock.advance(TURN_BATCH_MS);
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('turn:updated')).toHaveLength(2);
  fixture.hub.clock.advance(TURN_BATCH_MS * 3);
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('turn:updated')).toHaveLength(2);
});

test('users hear only of the turns of agents that they may see', async () => {
  await using fixture = await startHubFixture();
  const other = await connectDashboard(fixture.hub, {
    token: (
      await fixture.hub.tokens.issueSession(
        await fixture.hub.startSession('viewer', 'eve', ['other']),
      )
    ).token,
  });
  const commandId = await fixture.startCommand('Fix it');
  createSender(fixture, commandId)(0, { content: message('a') });
  await fixture.dashboard.waitFor('turn:updated');
  await other.ping();
  expect(other.ofType('turn:updated')).toEqual([]);
  const view = fixture.hub.hub.viewFor({
    ...ADMIN,
    role: 'viewer',
    userId: 'eve',
    agents: ['other'],
  });
  expect(await view.history.findTurn(commandId)).toBeUndefined();
});

describe('the end of a command', () => {
  test('completes its turn if all updates have arrived', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    createSender(fixture, commandId)(0, { content: message('Done') });
    fixture.agent.sendFinished(commandId, { turnUpdates: 1 });
    await fixture.dashboard.waitForStatus(commandId, 'completed');
    expect(await findTurn(fixture, commandId)).toMatchObject({ state: 'complete' });
    expect(await partsOf(fixture, commandId)).toEqual([message('Done')]);
    // A repeated update of a command that has ended changes nothing.
    createSender(fixture, commandId, 1)(0, { append: 'late' });
    await fixture.agent.ping();
    expect(await partsOf(fixture, commandId)).toEqual([message('Done')]);
  });

  test('waits until its turn is committed', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    fixture.hub.store.hold((call) => call === 'turns.save');
    createSender(fixture, commandId)(0, { content: message('Done') });
    fixture.agent.sendFinished(commandId, { turnUpdates: 1 });
    await fixture.hub.store.waitForFault('turns.save');
    await fixture.agent.ping();
    expect(fixture.agent.ofType('command:acknowledged')).toEqual([]);
    fixture.hub.store.clearFaults();
    await fixture.agent.waitForAcknowledged(commandId);
    expect(await fixture.hub.store.turns.find(commandId)).toMatchObject({ state: 'complete' });
  });

  test.each<[string, number | undefined]>([
    ['updates are missing', 2],
    ['the agent does not say how many there were', undefined],
  ])('drops its turn if %s', async (_name, turnUpdates) => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    createSender(fixture, commandId)(0, { content: message('a') });
    fixture.agent.sendFinished(commandId, turnUpdates === undefined ? {} : { turnUpdates });
    await fixture.dashboard.waitForStatus(commandId, 'completed');
    expect(await findTurn(fixture, commandId)).toBeUndefined();
    expect(await fixture.hub.store.turns.find(commandId)).toMatchObject({
      state: 'partial',
      parts: [],
    });
  });

  test('by the hub drops its turn, and later updates are acknowledged', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    const send = createSender(fixture, commandId);
    send(0, { content: message('a') });
    await fixture.agent.waitFor('turn:ack');
    await fixture.disconnectAgent();
    fixture.dashboard.send({ type: 'command:interrupt', commandId });
    await fixture.dashboard.waitForStatus(commandId, 'interrupted');
    const held = [createHeldCommand(commandId)];
    const agent = await fixture.reconnectAgent({ held });
    createSender({ agent }, commandId, 1)(0, { append: 'b' });
    await agent.waitFor('turn:ack', isAckOf(2));
    expect(await findTurn(fixture, commandId)).toBeUndefined();
  });
});

describe('a turn is shown as terminal text if', () => {
  const big = 'x'.repeat(60_000);
  test.each<[string, (send: ReturnType<typeof createSender>) => void, number]>([
    ['the agent leaves out the rest', (send) => send(0), 2],
    ['a part is missing', (send) => send(2, { content: message('c') }), 2],
    [
      'text is added to something else',
      (send) => send(1, { content: { type: 'plan', entries: [] }, append: 'x' }),
      2,
    ],
    ['text is added to nothing', (send) => send(1, { append: 'x' }), 2],
    [
      'a part exceeds 64 KiB',
      (send) => {
        send(0, { append: big });
        send(0, { append: big });
      },
      3,
    ],
    [
      'it exceeds 1 MiB',
      (send) => {
        for (let part = 1; part < 19; part++) send(part, { content: message(big) });
      },
      19,
    ],
    [
      'it has too many parts',
      (send) => {
        for (let part = 1; part <= MAX_TURN_PARTS; part++) send(part, { content: message('') });
      },
      MAX_TURN_PARTS + 1,
    ],
  ])('%s', async (_name, exceed, count) => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    const send = createSender(fixture, commandId);
    send(0, { content: message('a') });
    exceed(send);
    await fixture.agent.waitFor('turn:ack', isAckOf(count));
    expect(await findTurn(fixture, commandId)).toBeUndefined();
    fixture.agent.sendFinished(commandId, { turnUpdates: count });
    await fixture.dashboard.waitForStatus(commandId, 'completed');
    expect(await findTurn(fixture, commandId)).toBeUndefined();
  });

  test('an update is missing', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand('Fix it');
    createSender(fixture, commandId)(0, { content: message('a') });
    createSender(fixture, commandId, 2)(0, { append: 'c' });
    await fixture.agent.waitFor('turn:ack', isAckOf(3));
    expect(await findTurn(fixture, commandId)).toBeUndefined();
  });
});

test.each(['restart', 'crash'] as const)('a turn continues after a %s of the hub', async (end) => {
  await using fixture = await startHubFixture({ onDisk: true });
  const commandId = await fixture.startCommand('Fix it');
  createSender(fixture, commandId)(0, { content: message('a') });
  await fixture.agent.waitFor('turn:ack', isAckOf(1));
  await using hub = await fixture.hub[end]();
  const agent = await connectAgent(hub, {
    token: fixture.agent.token,
    held: [createHeldCommand(commandId)],
  });
  expect(agent.ofType('agent:welcome')[0]?.resume).toEqual([
    { commandId, nextSequence: 0, nextTurnSequence: 1 },
  ]);
  await agent.waitFor('turn:ack', isAckOf(1));
  createSender({ agent }, commandId, 1)(0, { append: 'b' });
  agent.sendFinished(commandId, { turnUpdates: 2 });
  await agent.waitForAcknowledged(commandId);
  expect(await partsOf({ hub }, commandId)).toEqual([message('ab')]);
});

test('updates about commands that the agent does not have are ignored', async () => {
  await using fixture = await startHubFixture();
  createSender(fixture, 'unknown')(0, { content: message('a') });
  await fixture.agent.ping();
  expect(fixture.agent.ofType('turn:ack')).toEqual([]);
  expect(await fixture.hub.store.turns.find('unknown')).toBeUndefined();
});

// Turn updates of an agent: beside the output, only to hubs that accept them, and neither lost nor repeated after a
// reconnect.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { TurnUpdate } from '../../src/protocol/agent-to-hub.ts';
import { type AgentFixture, createAgentFixture } from '../support/agent/agent-fixture.ts';
import type { AgentSocket } from '../support/agent/scripted-hub.ts';
import { createWorkFolder, instruct, scriptedProgram } from '../support/agent/scripted-program.ts';
import { disconnect, reconnect } from '../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

let fixture: AgentFixture;
let work: string;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  work = createWorkFolder(fixture);
  clock = createManualClock({ realTimeBelowMs: 200 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function start(accept: string[] = []): Promise<AgentSocket> {
  fixture.start({ acp: scriptedProgram(fixture), cwd: work, clock });
  const hub = await fixture.hub.waitForAgent();
  hub.sendWelcome({ accept });
  return hub;
}

const PROMPT = instruct('update', [
  { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm' } },
  { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: '# Hello' } },
  {
    sessionUpdate: 'tool_call',
    toolCallId: 't',
    title: 'Read a',
    kind: 'read',
    status: 'completed',
    rawInput: { path: 'a' },
  },
]);

const updatesOf = ({ received }: AgentSocket) =>
  received.filter((message): message is TurnUpdate => message.type === 'turn:update');

test('a turn is sent beside its output, before the result, which says how many updates there were', async () => {
  const hub = await start(['turn:update']);
  const { stdout, finished } = await hub.waitForFinished(hub.execute(PROMPT));
  expect(stdout).toContain('# Hello');
  const updates = updatesOf(hub);
  expect(updates.map(({ sequence }) => sequence)).toEqual(updates.map((_, index) => index));
  expect(finished.turnUpdates).toBe(updates.length);
  const types = hub.received.map(({ type }) => type);
  expect(types.lastIndexOf('turn:update')).toBeLessThan(types.indexOf('command:finished'));
  const parts = new Map(updates.map(({ part, content }) => [part, content]));
  expect([...parts.values()]).toMatchObject([
    { type: 'thought', text: 'Hm' },
    { type: 'message', text: '# Hello' },
    { type: 'tool', title: 'Read a', status: 'completed' },
  ]);
});

test('a hub that does not accept turns receives the output alone', async () => {
  const hub = await start();
  const { stdout, finished } = await hub.waitForFinished(hub.execute(PROMPT));
  expect(stdout).toContain('# Hello');
  expect(finished.outcome).toBe('completed');
  expect(updatesOf(hub)).toEqual([]);
});

test('shell commands have no turn', async () => {
  const hub = await start(['turn:update']);
  const { finished } = await hub.waitForFinished(hub.execute('!echo one'));
  expect(updatesOf(hub)).toEqual([]);
  expect(finished).not.toHaveProperty('turnUpdates');
});

test('after a reconnect, the updates that the hub does not have are sent again', async () => {
  const hub = await start(['turn:update']);
  const commandId = hub.execute(PROMPT);
  const { finished } = await hub.waitForFinished(commandId);
  const all = updatesOf(hub);
  hub.send({ type: 'turn:ack', commandId, nextSequence: 1 });
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  const resume = [{ commandId, nextSequence: 0, nextTurnSequence: 2 }];
  second.sendWelcome({ accept: ['turn:update'], resume });
  await second.waitForFinished(commandId);
  expect(updatesOf(second)).toEqual(all.slice(2));
  await disconnect(fixture, second);
  const third = await reconnect(fixture, clock);
  third.sendWelcome({ accept: ['turn:update'], resume: [{ commandId, nextSequence: 0 }] });
  expect((await third.waitForFinished(commandId)).finished).toEqual(finished);
  expect(updatesOf(third)).toEqual(all.slice(1));
});

test('a hub that is connected later receives the turn of a command that ran while it was away', async () => {
  const hub = await start(['turn:update']);
  const commandId = hub.execute(instruct('spawn', ''));
  await hub.waitFor('turn:update');
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  second.sendWelcome({ accept: ['turn:update'], resume: [{ commandId, nextSequence: 0 }] });
  second.send({ type: 'command:interrupt', commandId, reason: 'user' });
  const { finished } = await second.waitForFinished(commandId);
  expect(finished.outcome).toBe('interrupted');
  expect(updatesOf(second)[0]?.content).toMatchObject({ type: 'message' });
  expect(finished.turnUpdates).toBe(updatesOf(second).length);
});

// Changes to queued commands, over real connections: text, priority, order, and cancellations that can be undone.
import { describe, expect, test } from 'bun:test';
import { UNDO_MS } from '../../../src/protocol/limits.ts';
import type { Actor } from '../../../src/hub/state/dashboard.ts';
import type { Priority } from '../../../src/protocol/command-status.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import type { TestHub } from '../../support/hub/hub.ts';
import { connectAgent, createHeldCommand } from '../../support/hub/scripted-agent.ts';

/** Starts a hub whose agent is busy, with these commands in its queue. */
async function startQueue(commands: Record<string, Priority>, onDisk = false) {
  const fixture = await startHubFixture({ onDisk });
  const current = await fixture.startCommand('!current');
  const ids: Record<string, string> = {};
  for (const [command, priority] of Object.entries(commands)) {
    const id = await fixture.dashboard.request(command, { priority });
    ids[command] = id;
    await fixture.dashboard.waitForStatus(id, 'queued');
  }
  const idOf = (command: string) => String(ids[command]);
  return {
    ...fixture,
    current,
    idOf,
    [Symbol.asyncDispose]: () => fixture.hub[Symbol.asyncDispose](),
  };
}

/** The commands that an agent works on and that wait for it, in order. */
const textsOf = ({ hub }: TestHub) => hub.history.listActive('agent').map(({ command }) => command);

/** Sends a message; resolves with the code of the error, or null if the answer is the status of the command. */
async function answerTo(
  { dashboard }: Pick<HubFixture, 'dashboard'>,
  message: {
    type: 'command:change' | 'command:cancel' | 'command:restore';
    commandId: string;
  } & Record<string, unknown>,
): Promise<string | null> {
  const count = dashboard.received.length;
  dashboard.send(message);
  const answer = await dashboard.waitUntil(
    () =>
      dashboard.received
        .slice(count)
        .find(
          (one) =>
            (one.type === 'error' || one.type === 'command:status') &&
            one.commandId === message.commandId,
        ),
    'an answer',
  );
  return answer.type === 'error' ? answer.code : null;
}

const change = (fixture: Pick<HubFixture, 'dashboard'>, commandId: string, changes: object) =>
  answerTo(fixture, { type: 'command:change', commandId, ...changes });

describe('the order of a queue', () => {
  test('can be changed within a priority, and survives a crash', async () => {
    await using on = await startQueue(
      { '!a': 'normal', '!b': 'normal', '!c': 'normal', '!l': 'low' },
      true,
    );
    expect(await change(on, on.idOf('!c'), { before: on.idOf('!a') })).toBeNull();
    expect(textsOf(on.hub)).toEqual(['!current', '!c', '!a', '!b', '!l']);
    await on.dashboard.waitFor('agent:updated');
    expect(await change(on, on.idOf('!a'), { before: null })).toBeNull();
    expect(textsOf(on.hub)).toEqual(['!current', '!c', '!b', '!a', '!l']);
    await on.dashboard.request('!later');

    await using hub = await on.hub.crash();
    expect(textsOf(hub)).toEqual(['!current', '!c', '!b', '!a', '!later', '!l']);
    const agent = await connectAgent(hub, {
      token: on.agent.token,
      held: [createHeldCommand(on.current)],
    });
    agent.sendFinished(on.current);
    expect((await agent.waitFor('command:execute')).command).toBe('!c');
  });

  test('follows the priority, which can be changed', async () => {
    await using on = await startQueue({ '!h': 'high', '!a': 'normal', '!b': 'normal' }, true);
    expect(await change(on, on.idOf('!b'), { before: on.idOf('!h') })).toBe('invalid_message');
    expect(await change(on, on.idOf('!b'), { priority: 'high' })).toBeNull();
    expect(textsOf(on.hub)).toEqual(['!current', '!h', '!b', '!a']);
    const moved = { priority: 'high', before: on.idOf('!h') };
    expect(await change(on, on.idOf('!a'), moved)).toBeNull();
    expect(textsOf(on.hub)).toEqual(['!current', '!a', '!h', '!b']);
    await using hub = await on.hub.restart();
    expect(textsOf(hub)).toEqual(['!current', '!a', '!h', '!b']);
    expect((await hub.hub.history.find(on.idOf('!a')))?.priority).toBe('high');
  });

  test('is not changed by commands that have left it', async () => {
    await using on = await startQueue({ '!a': 'normal', '!b': 'normal' });
    on.agent.sendFinished(on.current);
    await on.agent.waitForExecute(on.idOf('!a'));
    expect(await change(on, on.idOf('!b'), { before: on.idOf('!a') })).toBe('command_not_queued');
    expect(await change(on, on.idOf('!a'), { priority: 'high' })).toBe('command_not_queued');
    on.agent.sendStarted(on.idOf('!a'));
    await on.dashboard.waitForStatus(on.idOf('!a'), 'running');
    expect(await change(on, on.idOf('!a'), { command: '!x' })).toBe('command_not_queued');
    expect(on.dashboard.ofType('error').at(-1)?.message).toContain('already running');
    expect(await change(on, on.current, { priority: 'high' })).toBe('command_not_active');
    expect(await change(on, 'unknown', { priority: 'high' })).toBe('command_unknown');
  });

  test('keeps a command that was sent before at its head', async () => {
    await using on = await startQueue({ '!a': 'normal', '!b': 'normal' });
    on.agent.sendFinished(on.current);
    await on.agent.waitForExecute(on.idOf('!a'));
    on.agent.terminate();
    await on.dashboard.waitForAgentStatus('offline');
    // It held nothing, so it never started the command. Another command runs first, which the hub did not send.
    const { hub } = on.hub;
    expect(hub.state.agents.get('agent')?.current?.id).toBe(on.idOf('!a'));
    await hub.pauseAgents.pause({ userId: 'ada', role: 'operator', agents: null }, 'agent', {});
    const agent = await connectAgent(on.hub, { token: on.agent.token });
    await agent.ping();
    expect(textsOf(on.hub)).toEqual(['!a', '!b']);
    expect(await change(on, on.idOf('!a'), { priority: 'low' })).toBe('command_not_queued');
    expect(await change(on, on.idOf('!b'), { before: on.idOf('!a') })).toBe('invalid_message');
    expect(await change(on, on.idOf('!a'), { command: '!a2' })).toBeNull();
  });
});

describe('the text of a queued command', () => {
  test('can be edited, and the agent receives the new text', async () => {
    await using on = await startQueue({ '!a': 'normal' }, true);
    expect(await change(on, on.idOf('!a'), { command: '!b' })).toBeNull();
    expect(await on.hub.hub.history.find(on.idOf('!a'))).toMatchObject({
      command: '!b',
      requestedBy: 'ada',
      editedBy: 'ada',
    });
    on.agent.sendFinished(on.current);
    expect(await on.agent.waitForExecute(on.idOf('!a'))).toMatchObject({ command: '!b' });
  });

  test('is committed before it is sent', async () => {
    await using on = await startQueue({ '!a': 'normal' });
    on.hub.store.hold(
      (call, [, changes]) => call === 'commands.update' && 'command' in (changes as object),
    );
    const answered = change(on, on.idOf('!a'), { command: '!b' });
    await on.hub.store.waitForFault('commands.update');
    on.agent.sendFinished(on.current);
    await on.dashboard.waitForStatus(on.current, 'completed');
    await on.agent.ping();
    expect(on.agent.executedCommands()).toEqual(['!current']);
    on.hub.store.release();
    expect(await answered).toBeNull();
    await on.agent.waitForExecute(on.idOf('!a'));
    expect(on.agent.executedCommands()).toEqual(['!current', '!b']);
  });

  test('must be valid, and not belong to a comparison', async () => {
    await using on = await startQueue({ '!a': 'normal' });
    expect(await change(on, on.idOf('!a'), { command: ' ' })).toBe('invalid_command');
    expect(await change(on, on.idOf('!a'), { command: '/unknown' })).toBe('invalid_command');
    const actor = { userId: 'ada', role: 'operator', agents: null } as const;
    const { commands } = await on.hub.hub.commands.compare(actor, {
      agentIds: ['agent'],
      command: '!c',
    });
    const compared = String(commands[0]?.commandId);
    expect(await change(on, compared, { command: '!x' })).toBe('invalid_command');
    expect(await change(on, compared, { priority: 'high' })).toBeNull();
  });

  test('a repeated request for it is the same command after a restart', async () => {
    await using on = await startHubFixture({ onDisk: true });
    await on.startCommand();
    const id = await on.dashboard.request('!a', { requestId: 'r1' });
    await on.dashboard.waitForStatus(id, 'queued');
    expect(await change(on, id, { command: '!b' })).toBeNull();
    await using hub = await on.hub.restart();
    const dashboard = await connectDashboard(hub);
    expect(await dashboard.request('!a', { requestId: 'r1', ifOffline: 'queue' })).toBe(id);
  });
});

describe('a cancelled command', () => {
  const cancel = (on: Pick<HubFixture, 'dashboard'>, commandId: string) =>
    answerTo(on, { type: 'command:cancel', commandId });
  const restore = (on: Pick<HubFixture, 'dashboard'>, commandId: string) =>
    answerTo(on, { type: 'command:restore', commandId });

  test('ends after 10 s, and does not run meanwhile', async () => {
    await using on = await startQueue({ '!a': 'normal', '!b': 'normal' });
    expect(await cancel(on, on.idOf('!a'))).toBeNull();
    expect(await cancel(on, on.idOf('!a'))).toBeNull();
    expect(on.hub.hub.registry.find('agent')?.queueLength).toBe(1);
    expect(await change(on, on.idOf('!a'), { priority: 'high' })).toBe('command_not_queued');
    on.agent.sendFinished(on.current);
    await on.agent.waitForExecute(on.idOf('!b'));
    on.hub.clock.advance(UNDO_MS - 1);
    await on.agent.ping();
    expect(on.dashboard.statusesOf(on.idOf('!a'))).not.toContain('interrupted');
    on.hub.clock.advance(1);
    await on.dashboard.waitForStatus(on.idOf('!a'), 'interrupted');
    expect(await restore(on, on.idOf('!a'))).toBe('command_not_active');
    expect(on.agent.executedCommands()).toEqual(['!current', '!b']);
  });

  test('returns to its place when that is undone', async () => {
    await using on = await startQueue({ '!a': 'normal', '!b': 'normal' }, true);
    await cancel(on, on.idOf('!a'));
    expect(await restore(on, on.idOf('!a'))).toBeNull();
    expect(await restore(on, on.idOf('!a'))).toBeNull();
    on.hub.clock.advance(UNDO_MS);
    expect(textsOf(on.hub)).toEqual(['!current', '!a', '!b']);
    expect((await on.hub.store.commands.find(on.idOf('!a')))?.stopReason).toBeNull();
    on.agent.sendFinished(on.current);
    await on.agent.waitForExecute(on.idOf('!a'));
  });

  test('runs at once when that is undone and its agent is idle', async () => {
    await using on = await startQueue({ '!a': 'normal' });
    await cancel(on, on.idOf('!a'));
    on.agent.sendFinished(on.current);
    await on.dashboard.waitForAgentStatus('online');
    expect(await restore(on, on.idOf('!a'))).toBeNull();
    await on.agent.waitForExecute(on.idOf('!a'));
  });

  test('ends when the hub restarts', async () => {
    await using on = await startQueue({ '!a': 'normal' }, true);
    await cancel(on, on.idOf('!a'));
    await using hub = await on.hub.crash();
    await hub.flush();
    expect((await hub.hub.history.find(on.idOf('!a')))?.status).toBe('interrupted');
  });

  test('ends at once when it is interrupted', async () => {
    await using on = await startQueue({ '!a': 'normal' });
    await cancel(on, on.idOf('!a'));
    on.dashboard.send({ type: 'command:interrupt', commandId: on.idOf('!a') });
    await on.dashboard.waitForStatus(on.idOf('!a'), 'interrupted');
    on.hub.clock.advance(UNDO_MS);
    await on.agent.ping();
    expect(
      on.dashboard.statusesOf(on.idOf('!a')).filter((one) => one === 'interrupted'),
    ).toHaveLength(1);
  });

  test('is interrupted instead if it was already sent', async () => {
    await using on = await startQueue({ '!a': 'normal' });
    expect(await cancel(on, on.current)).toBe('command_not_queued');
    on.agent.sendFinished(on.current);
    await on.agent.waitForExecute(on.idOf('!a'));
    expect(await cancel(on, on.idOf('!a'))).toBe('command_not_queued');
    expect(on.dashboard.ofType('error').at(-1)?.message).toContain('already being sent');
  });
});

test('a change is in effect while the disk is full, and answered with an error', async () => {
  await using on = await startQueue({ '!a': 'normal', '!b': 'normal' }, true);
  on.hub.store.fail((call) => call.startsWith('commands.'));
  expect(await change(on, on.idOf('!b'), { before: on.idOf('!a') })).toBe('unavailable');
  expect(textsOf(on.hub)).toEqual(['!current', '!b', '!a']);
  on.hub.store.clearFaults();
  await on.hub.advance(5_000, on.agent, on.dashboard);
  await on.hub.flush();
  await using hub = await on.hub.crash();
  expect(textsOf(hub)).toEqual(['!current', '!b', '!a']);
});

test('changes are for operators who are granted the agent, and are recorded', async () => {
  await using on = await startQueue({ '!a': 'normal', '!b': 'normal' });
  const viewer = await connectDashboard(on.hub, { role: 'viewer', userId: 'vera' });
  await viewer.waitForStatus(on.idOf('!a'), 'queued');
  expect(await change({ dashboard: viewer }, on.idOf('!a'), { priority: 'high' })).toBe(
    'forbidden',
  );
  const other = { userId: 'otto', role: 'operator', agents: ['other'] } satisfies Actor;
  const { queue } = on.hub.hub;
  expect(queue.cancel(other, on.idOf('!a'))).rejects.toThrow('Command not found.');
  await change(on, on.idOf('!b'), { command: '!c', priority: 'high' });
  await answerTo(on, { type: 'command:cancel', commandId: on.idOf('!b') });
  await answerTo(on, { type: 'command:restore', commandId: on.idOf('!b') });
  const { items } = await on.hub.store.audit.listPage({ target: on.idOf('!b') });
  expect(items.map(({ actor, action, detail }) => [actor, action, detail])).toEqual([
    ['ada', 'command.restored', {}],
    ['ada', 'command.interrupted', {}],
    ['ada', 'command.changed', { agentId: 'agent', text: true, priority: 'high', position: 0 }],
    ['ada', 'command.requested', { agentId: 'agent' }],
  ]);
});

test('the name of an erased user is replaced, in memory and in the store', async () => {
  await using on = await startQueue({ '!a': 'normal' });
  await change(on, on.idOf('!a'), { command: '!b' });
  const { pauseAgents, eraseUser, history, registry } = on.hub.hub;
  await pauseAgents.pause({ userId: 'ada', role: 'operator', agents: null }, 'agent', {});
  await eraseUser({ userId: 'root', role: 'admin', agents: null }, 'ada');
  const erased = 'deleted user';
  expect((await history.find(on.idOf('!a')))?.editedBy).toBe(erased);
  expect(registry.find('agent')?.paused?.by).toBe(erased);
  expect((await on.hub.store.commands.find(on.idOf('!a')))?.editedBy).toBe(erased);
  expect((await on.hub.store.agents.list())[0]?.paused?.by).toBe(erased);
});

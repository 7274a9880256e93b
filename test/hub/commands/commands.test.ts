// A command's way through the hub: taken or refused, queued, handed out, started, ended.
import { describe, expect, test } from 'bun:test';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { connectDashboard, type Dashboard } from '../../support/hub/dashboard.ts';
import { createStage } from '../../support/hub/stage.ts';
import type { CommandRequest } from '../../../src/protocol/dashboard-to-hub.ts';
import type { CommandFinished } from '../../../src/protocol/agent-to-hub.ts';
import { COMMAND_BYTES, QUEUE_LENGTH } from '../../../src/protocol/limits.ts';

async function accepted(dashboard: Dashboard, commandId: string) {
  return dashboard.find('command:accepted', (answer) => answer.commandId === commandId);
}

describe('the queue', () => {
  test('runs high before normal before low, first come first served, one at a time', async () => {
    await using on = await createStage();
    const { agent, dashboard } = on;
    const first = await dashboard.request('!first', { priority: 'low' });
    await agent.given(first);
    const order = ['low', 'normal', 'high', 'normal', 'high', 'low'] as const;
    const positions = [];
    for (const [i, priority] of order.entries()) {
      const id = await dashboard.request(`!${priority}-${i}`, { priority });
      positions.push((await accepted(dashboard, id)).position);
    }
    expect(positions).toEqual([0, 0, 0, 2, 1, 5]);
    await on.hub.settled();
    expect(agent.commands()).toEqual(['!first']);
    agent.run(first);
    const due = ['high-2', 'high-4', 'normal-1', 'normal-3', 'low-0', 'low-5'];
    for (const name of due) {
      const { commandId } = await agent.find('command:execute', (it) => it.command === `!${name}`);
      await on.hub.settled();
      expect(agent.ofType('command:finished' as never)).toEqual([]);
      agent.run(commandId);
      await agent.acknowledged(commandId);
    }
    expect(agent.commands()).toEqual(['!first', ...due.map((name) => `!${name}`)]);
  });

  test('of one agent does not wait for another agent', async () => {
    await using on = await createStage();
    const second = await connectAgent(on.hub, { agentId: 'second' });
    await on.agent.given(await on.dashboard.request('!a'));
    await second.given(await on.dashboard.request('!b', { agentId: 'second' }));
  });

  test('takes 100, and no more until one leaves it', async () => {
    await using on = await createStage();
    const { agent, hub, dashboard } = on;
    const running = await dashboard.request('!running');
    await agent.given(running);
    const body = { agentId: 'agent', command: '!x' };
    const answers = await Promise.all(
      Array.from({ length: QUEUE_LENGTH + 5 }, () => hub.call('POST', '/commands', { body })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(QUEUE_LENGTH);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect(dashboard.request('!one too many')).rejects.toThrow('queue_full');
    agent.run(running);
    await agent.acknowledged(running);
    await agent.when(() => agent.commands()[1], 'the next command');
    await dashboard.request('!fits again');
  });
});

describe('a request is refused before anything is queued', () => {
  const cases: [string, Partial<CommandRequest>, string][] = [
    ['an unknown agent', { agentId: 'nobody' }, 'agent_unknown'],
    ['an agent that is offline', { agentId: 'away' }, 'agent_offline'],
    ['an empty command', { command: '' }, 'invalid_command'],
    ['a command of spaces', { command: ' \n' }, 'invalid_command'],
    ['an empty shell command', { command: '! ' }, 'invalid_command'],
    ['a command over 64 KiB', { command: 'é'.repeat(COMMAND_BYTES / 2) + 'x' }, 'invalid_command'],
    ['a NUL', { command: 'a\0b' }, 'invalid_command'],
    ['a slash command it has not', { command: '/review' }, 'invalid_command'],
    ['a time-out over the maximum', { timeoutMs: 86_400_001 }, 'invalid_command'],
    ['a time-out of zero', { timeoutMs: 0 }, 'invalid_message'],
    ['a priority nobody knows', { priority: 'urgent' as never }, 'invalid_message'],
  ];

  test.each(cases)('%s', async (_name, wrong, code) => {
    await using on = await createStage();
    await on.hub.addAgent('away');
    const body = { agentId: 'agent', priority: 'normal', command: '!ls', ...wrong } as const;
    on.dashboard.say({ type: 'command:request', requestId: 'r', ...body });
    const error = await on.dashboard.find('error', ({ requestId }) => requestId === 'r');
    expect(error.code).toBe(code as never);
    expect(error.message).toEndWith('.');
    await on.hub.settled();
    const page = await (await on.hub.call('GET', '/commands')).json();
    expect(page).toEqual({ items: [], nextCursor: null });
    expect(on.agent.commands()).toEqual([]);
  });

  test('the longest command that is allowed arrives whole', async () => {
    await using on = await createStage();
    const command = `!${'é'.repeat(COMMAND_BYTES / 2 - 1)}x`;
    const given = await on.agent.given(await on.dashboard.request(command));
    expect(given.command).toBe(command);
  });

  test('a command that is no longer within the capabilities when its turn comes fails, unsent', async () => {
    await using on = await createStage();
    const first = await on.dashboard.request('!first');
    await on.agent.given(first);
    const late = await on.dashboard.request('!late');
    const prompt = await on.dashboard.request('prompt');
    on.agent.say({ type: 'agent:capabilities', capabilities: ['prompt'] });
    on.agent.run(first);
    const failed = await on.dashboard.status(late, 'failed');
    expect(failed.error?.code).toBe('invalid_command');
    expect(failed).not.toHaveProperty('exitCode');
    await on.agent.given(prompt);
    expect(on.agent.commands()).toEqual(['!first', 'prompt']);
  });
});

describe('accepted', () => {
  test('means committed: while the disk is slow nobody hears of the command', async () => {
    await using on = await createStage();
    const { hub, dashboard } = on;
    hub.store.hold((call) => call === 'commands.insert');
    const request = dashboard.request('!ls', { requestId: 'r' });
    await hub.store.met('commands.insert');
    const late = await connectDashboard(hub);
    await dashboard.ping();
    expect(dashboard.ofType('command:accepted')).toEqual([]);
    expect(dashboard.ofType('command:status')).toEqual([]);
    expect(late.ofType('command:status')).toEqual([]);
    hub.store.heal();
    const id = await request;
    await dashboard.status(id, 'queued');
    await late.status(id, 'queued');
    expect(await hub.store.commands.find(id)).toMatchObject({ requestId: 'r' });
  });

  test('comes before the first status, to the requester alone', async () => {
    await using on = await createStage();
    const other = await connectDashboard(on.hub);
    const id = await on.dashboard.request('!ls', { requestId: 'mine' });
    await on.dashboard.status(id, 'queued');
    const types = on.dashboard.received.flatMap((m) =>
      'commandId' in m && m.commandId === id ? [m.type] : [],
    );
    expect(types.slice(0, 2)).toEqual(['command:accepted', 'command:status']);
    expect(await accepted(on.dashboard, id)).toMatchObject({ requestId: 'mine', agentId: 'agent' });
    await other.status(id, 'queued');
    expect(other.ofType('command:accepted')).toEqual([]);
  });

  test('is refused as unavailable while the disk fails, with nothing queued; then all is well again', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    hub.store.fail((call) => call === 'commands.insert');
    expect(dashboard.request('!lost', { requestId: 'again' })).rejects.toThrow('unavailable');
    await dashboard.error('unavailable');
    const body = { agentId: 'agent', command: '!lost' };
    expect((await hub.call('POST', '/commands', { body })).status).toBe(503);
    expect(hub.hub.state.commandQueue.get('agent') ?? []).toEqual([]);
    await hub.settled();
    expect(agent.commands()).toEqual([]);
    expect(dashboard.ofType('command:status')).toEqual([]);
    hub.store.heal();
    const answer = await hub.call('POST', '/commands', { body: { ...body, requestId: 'again' } });
    expect(answer.status).toBe(202);
    await agent.given((await answer.json()).commandId);
  });

  test('a command whose hand-out cannot be stored waits at the head, and is tried again', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    hub.store.fail((call) => call === 'commands.update');
    const first = await dashboard.request('!first');
    await hub.store.met('commands.update');
    const second = await dashboard.request('!second');
    await hub.settled();
    expect(agent.commands()).toEqual([]);
    hub.store.heal();
    hub.clock.advance(1_000);
    agent.run((await agent.given(first)).commandId);
    await agent.given(second);
  });
});

describe('the same requestId', () => {
  test('for another agent answers with the agent that has the command', async () => {
    await using on = await createStage();
    await connectAgent(on.hub, { agentId: 'second' });
    const id = await on.dashboard.request('!ls', { requestId: 'r' });
    const other = await connectDashboard(on.hub);
    expect(await other.request('!ls', { agentId: 'second', requestId: 'r' })).toBe(id);
    expect(await accepted(other, id)).toMatchObject({ agentId: 'agent' });
  });

  test('from the same user is the same command, on the same socket, another one, and the API', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls', { requestId: 'r' });
    expect(await on.dashboard.request('!ls', { requestId: 'r' })).toBe(id);
    const other = await connectDashboard(on.hub);
    expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
    const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
    expect((await (await on.hub.call('POST', '/commands', { body })).json()).commandId).toBe(id);
    await on.agent.given(id);
    on.agent.run(id);
    await on.agent.acknowledged(id);
    expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
    await on.hub.settled();
    expect(on.agent.commands()).toEqual(['!ls']);
  });

  test('twice before the first is committed is one command too', async () => {
    await using on = await createStage();
    on.hub.store.hold((call) => call === 'commands.insert');
    const both = [1, 2].map(() => on.dashboard.request('!ls', { requestId: 'r' }));
    await on.hub.store.met('commands.insert');
    await on.dashboard.ping();
    on.hub.store.heal();
    const [a, b] = await Promise.all(both);
    expect(a).toBe(b as string);
    const page = await (await on.hub.call('GET', '/commands')).json();
    expect(page.items).toHaveLength(1);
  });

  test('from another user is another command', async () => {
    await using on = await createStage();
    const eve = await connectDashboard(on.hub, { userId: 'eve' });
    const mine = await on.dashboard.request('!ls', { requestId: 'r' });
    expect(await eve.request('!ls', { requestId: 'r' })).not.toBe(mine);
  });

  test('is known after a crash, also while the agent is away, and forgotten after 24 hours', async () => {
    await using before = await createStage({ onDisk: true });
    const id = await before.dashboard.request('!ls', { requestId: 'r' });
    const hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    expect(await dashboard.request('!ls', { requestId: 'r' })).toBe(id);
    const day = 86_400_000;
    await hub.pass(day - 60_000);
    const late = await connectDashboard(hub);
    expect(await late.request('!ls', { requestId: 'r' })).toBe(id);
    hub.clock.advance(60_001);
    await connectAgent(hub, { token: before.agent.token });
    const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
    const answer = await hub.call('POST', '/commands', { body });
    expect(answer.status).toBe(202);
    expect((await answer.json()).commandId).not.toBe(id);
  });
});

describe('a command runs', () => {
  test('with its session and time-out, and everyone hears queued, running, completed', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('prompt', { session: 'new', timeoutMs: 7_000 });
    expect(await on.agent.given(id)).toMatchObject({
      command: 'prompt',
      attempt: 1,
      session: 'new',
      timeoutMs: 7_000,
    });
    const plain = await on.dashboard.request('other');
    on.agent.run(id);
    const done = await on.dashboard.status(id, 'completed');
    expect(done).toMatchObject({ agentId: 'agent', exitCode: 0 });
    expect(done).not.toHaveProperty('error');
    expect(on.dashboard.statuses(id)).toEqual(['queued', 'running', 'completed']);
    expect(await on.agent.given(plain)).toMatchObject({ session: 'continue', timeoutMs: 300_000 });
  });

  test('and its times are in order, also in the store', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.hub.clock.advance(1_000);
    on.agent.started(id);
    await on.dashboard.status(id, 'running');
    on.hub.clock.advance(2_000);
    on.agent.finish(id);
    await on.dashboard.status(id, 'completed');
    const { requestedAt, startedAt, completedAt, requestedBy } =
      (await on.hub.store.commands.find(id)) ?? expect.unreachable();
    expect([startedAt, completedAt]).toEqual([requestedAt + 1_000, requestedAt + 3_000]);
    expect(requestedBy).toBe('ada');
  });

  const results: [Partial<CommandFinished>, string, number | null, string | null][] = [
    [{ outcome: 'completed', exitCode: 0 }, 'completed', 0, null],
    [{ outcome: 'completed', exitCode: 3 }, 'failed', 3, null],
    [{ outcome: 'failed', exitCode: 127 }, 'failed', 127, null],
    [{ outcome: 'failed', exitCode: null, signal: 'SIGSEGV' }, 'failed', null, null],
    [
      { outcome: 'failed', exitCode: null, error: { code: 'program_failed', message: 'No.' } },
      'failed',
      null,
      'program_failed',
    ],
    [
      { outcome: 'failed', exitCode: null, error: { code: 'agent_crashed', message: 'Oh.' } },
      'failed',
      null,
      'agent_crashed',
    ],
    [{ outcome: 'interrupted', exitCode: 130, signal: 'SIGINT' }, 'interrupted', null, null],
  ];

  test.each(results)('and %j is %s', async (result, status, exitCode, code) => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.agent.started(id);
    on.agent.finish(id, result);
    const told = await on.dashboard.status(id, status as never);
    expect(told.exitCode ?? null).toBe(exitCode);
    expect(told.error?.code ?? null).toBe(code as never);
    await on.agent.acknowledged(id);
    const stored = await on.hub.store.commands.find(id);
    expect(stored).toMatchObject({ status: status as never, exitCode });
    expect(stored?.error?.code ?? null).toBe(code as never);
    expect(stored?.signal ?? null).toBe(result.signal ?? null);
  });

  test('also where its start was never told: it is running before it is completed', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.agent.finish(id);
    await on.agent.acknowledged(id);
    await on.dashboard.status(id, 'completed');
    expect(on.dashboard.statuses(id)).toEqual(['queued', 'running', 'completed']);
    expect((await on.hub.store.commands.find(id))?.startedAt).toBe(on.hub.clock.now());
  });

  test('ends once: a later result is acknowledged, and changes nothing', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.agent.run(id);
    await on.agent.acknowledged(id);
    on.agent.finish(id, { outcome: 'failed', exitCode: 1 });
    on.agent.finish('unheard-of');
    await on.agent.acknowledged('unheard-of');
    expect(on.agent.ofType('command:acknowledged')).toHaveLength(3);
    expect(on.dashboard.statuses(id)).toEqual(['queued', 'running', 'completed']);
    expect(await on.hub.store.commands.find(id)).toMatchObject({ status: 'completed' });
  });

  test('is acknowledged, and the next one given, only once its end is on disk', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    const next = await dashboard.request('!next');
    await agent.given(id);
    agent.started(id);
    await dashboard.status(id, 'running');
    hub.store.fail((call) => call === 'commands.update');
    agent.finish(id);
    await hub.store.met('commands.update');
    agent.finish(id);
    await agent.ping();
    await hub.settled();
    await agent.ping();
    expect(agent.ofType('command:acknowledged')).toEqual([]);
    expect(agent.commands()).toEqual(['!ls']);
    expect(dashboard.statuses(id)).toEqual(['queued', 'running']);
    hub.store.heal();
    hub.clock.advance(1_000);
    await agent.acknowledged(id);
    await dashboard.status(id, 'completed');
    await agent.given(next);
  });

  test('keeps the order of its story on a disk that fails for a while', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    await agent.given(id);
    hub.store.fail((call) => call === 'commands.update');
    agent.started(id);
    await hub.store.met('commands.update');
    await hub.settled();
    hub.clock.advance(500);
    hub.store.heal();
    agent.finish(id);
    await agent.ping();
    await hub.settled();
    hub.clock.advance(500);
    await agent.acknowledged(id);
    await dashboard.status(id, 'completed');
    hub.clock.advance(2_000);
    await hub.settled();
    expect(dashboard.statuses(id)).toEqual(['queued', 'running', 'completed']);
    expect(await hub.store.commands.find(id)).toMatchObject({ status: 'completed', exitCode: 0 });
  });
});

describe('time-out', () => {
  test.each([
    [undefined, 300_000],
    [60_000, 60_000],
    [86_400_000, 86_400_000],
  ])('asked for %p comes after %p ms of running', async (timeoutMs, ms) => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls', { ...(timeoutMs && { timeoutMs }) });
    await agent.given(id);
    await hub.pass(15_000, agent);
    agent.started(id);
    await dashboard.status(id, 'running');
    const live = ms > 3_600_000 ? [] : [agent, dashboard];
    if (live.length === 0) return expect(await agent.given(id)).toMatchObject({ timeoutMs: ms });
    await hub.pass(ms - 1, ...live);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    hub.clock.advance(1);
    expect(await agent.find('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'timeout',
    });
    agent.finish(id, { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
    const failed = await dashboard.status(id, 'failed');
    expect(failed.error?.code).toBe('timeout');
    expect(dashboard.statuses(id)).toEqual(['queued', 'running', 'failed']);
  });

  test('counts from the sending while the command has not started', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.given(id);
    await on.hub.pass(10_000, on.agent);
    await on.agent.find('command:interrupt');
    on.agent.finish(id, { outcome: 'interrupted', exitCode: null });
    expect((await on.dashboard.status(id, 'failed')).error?.code).toBe('timeout');
  });

  test('is not for a command that ended in time, nor for one that waits', async () => {
    await using on = await createStage();
    const first = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    const waits = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.given(first);
    on.agent.started(first);
    await on.dashboard.status(first, 'running');
    await on.hub.pass(9_000, on.agent);
    on.agent.finish(first);
    await on.agent.given(waits);
    await on.hub.pass(9_000, on.agent);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('that loses the race against the end is the end', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.given(id);
    on.agent.started(id);
    await on.dashboard.status(id, 'running');
    await on.hub.pass(10_000, on.agent);
    on.agent.finish(id, { outcome: 'completed', exitCode: 0 });
    await on.dashboard.status(id, 'completed');
  });

  test('of an agent that never answers is final after 30 s, and the agent stays busy until it does', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls', { timeoutMs: 10_000 });
    const next = await dashboard.request('!next');
    await agent.given(id);
    agent.started(id);
    await dashboard.status(id, 'running');
    await hub.pass(10_000, agent, dashboard);
    await agent.find('command:interrupt');
    await hub.pass(30_000, agent, dashboard);
    expect((await dashboard.status(id, 'failed')).error?.code).toBe('timeout');
    agent.output(id, 'still here');
    await dashboard.when(() => dashboard.text(id) || undefined, 'output');
    expect(dashboard.terminal(id).map(({ type }) => type)).toEqual(['terminal:output']);
    expect(agent.commands()).toEqual(['!ls']);
    const summary = await (await hub.call('GET', '/agents/agent')).json();
    expect(summary).toMatchObject({ status: 'busy', currentCommand: id });
    agent.finish(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.complete(id);
    await agent.acknowledged(id);
    await agent.given(next);
    expect(dashboard.statuses(id)).toEqual(['queued', 'running', 'failed']);
  });
});

describe('an agent shows', () => {
  test('online, busy while it has a command, online again: each change once', async () => {
    await using on = await createStage();
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    on.agent.run(id);
    await on.agent.acknowledged(id);
    await on.dashboard.find('agent:status', () => on.dashboard.ofType('agent:status').length === 3);
    const told = on.dashboard.ofType('agent:status').map(({ status }) => status);
    expect(told).toEqual(['online', 'busy', 'online']);
  });

  test('currentCommand only while it is busy', async () => {
    await using on = await createStage();
    const summary = async () => (await on.hub.call('GET', '/agents/agent')).json();
    expect(await summary()).toMatchObject({ status: 'online', currentCommand: null });
    const id = await on.dashboard.request('!ls');
    await on.agent.given(id);
    expect(await summary()).toMatchObject({ status: 'busy', currentCommand: id });
    on.agent.run(id);
    await on.agent.acknowledged(id);
    expect(await summary()).toMatchObject({ status: 'online', currentCommand: null });
  });
});

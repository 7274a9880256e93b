// A command's way through the hub: taken or refused, queued, handed out, started, ended.
import { describe, expect, test } from 'bun:test';
import { connectDashboard, type Dashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import type { CommandRequest } from '../../../src/protocol/dashboard-to-hub.ts';
import type { CommandFinished } from '../../../src/protocol/agent-to-hub.ts';
import { COMMAND_BYTES, QUEUE_LENGTH } from '../../../src/protocol/limits.ts';

async function accepted(dashboard: Dashboard, commandId: string) {
  return dashboard.waitFor('command:accepted', (answer) => answer.commandId === commandId);
}

describe('the queue', () => {
  test('runs high before normal before low, first come first served, one at a time', async () => {
    await using on = await startHubFixture();
    const { agent, dashboard } = on;
    const first = await dashboard.request('!first', { priority: 'low' });
    await agent.waitForExecute(first);
    const order = ['low', 'normal', 'high', 'normal', 'high', 'low'] as const;
    const positions = [];
    for (const [i, priority] of order.entries()) {
      const id = await dashboard.request(`!${priority}-${i}`, { priority });
      positions.push((await accepted(dashboard, id)).position);
    }
    expect(positions).toEqual([0, 0, 0, 2, 1, 5]);
    await on.hub.flush();
    expect(agent.executedCommands()).toEqual(['!first']);
    agent.run(first);
    const due = ['high-2', 'high-4', 'normal-1', 'normal-3', 'low-0', 'low-5'];
    for (const name of due) {
      const { commandId } = await agent.waitFor(
        'command:execute',
        (it) => it.command === `!${name}`,
      );
      await on.hub.flush();
      expect(agent.ofType('command:finished' as never)).toEqual([]);
      agent.run(commandId);
      await agent.waitForAcknowledged(commandId);
    }
    expect(agent.executedCommands()).toEqual(['!first', ...due.map((name) => `!${name}`)]);
  });

  test('of one agent does not wait for another agent', async () => {
    await using on = await startHubFixture();
    const second = await connectAgent(on.hub, { agentId: 'second' });
    await on.agent.waitForExecute(await on.dashboard.request('!a'));
    await second.waitForExecute(await on.dashboard.request('!b', { agentId: 'second' }));
  });

  test('takes 100, and no more until one leaves it', async () => {
    await using on = await startHubFixture();
    const { agent, hub, dashboard } = on;
    const running = await dashboard.request('!running');
    await agent.waitForExecute(running);
    const body = { agentId: 'agent', command: '!x' };
    const answers = await Promise.all(
      Array.from({ length: QUEUE_LENGTH + 5 }, () => hub.callApi('POST', '/commands', { body })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(QUEUE_LENGTH);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect(dashboard.request('!one too many')).rejects.toThrow('queue_full');
    agent.run(running);
    await agent.waitForAcknowledged(running);
    await agent.waitUntil(() => agent.executedCommands()[1], 'the next command');
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
    await using on = await startHubFixture();
    await on.hub.addAgent('away');
    const body = { agentId: 'agent', priority: 'normal', command: '!ls', ...wrong } as const;
    on.dashboard.send({ type: 'command:request', requestId: 'r', ...body });
    const error = await on.dashboard.waitFor('error', ({ requestId }) => requestId === 'r');
    expect(error.code).toBe(code as never);
    expect(error.message).toEndWith('.');
    await on.hub.flush();
    const page = await (await on.hub.callApi('GET', '/commands')).json();
    expect(page).toEqual({ items: [], nextCursor: null });
    expect(on.agent.executedCommands()).toEqual([]);
  });

  test('the longest command that is allowed arrives whole', async () => {
    await using on = await startHubFixture();
    const command = `!${'é'.repeat(COMMAND_BYTES / 2 - 1)}x`;
    const given = await on.agent.waitForExecute(await on.dashboard.request(command));
    expect(given.command).toBe(command);
  });

  test('a command that is no longer within the capabilities when its turn comes fails, unsent', async () => {
    await using on = await startHubFixture();
    const first = await on.dashboard.request('!first');
    await on.agent.waitForExecute(first);
    const late = await on.dashboard.request('!late');
    const prompt = await on.dashboard.request('prompt');
    on.agent.send({ type: 'agent:capabilities', capabilities: ['prompt'] });
    on.agent.run(first);
    const failed = await on.dashboard.waitForStatus(late, 'failed');
    expect(failed.error?.code).toBe('invalid_command');
    expect(failed).not.toHaveProperty('exitCode');
    await on.agent.waitForExecute(prompt);
    expect(on.agent.executedCommands()).toEqual(['!first', 'prompt']);
  });
});

describe('accepted', () => {
  test('means committed: while the disk is slow nobody hears of the command', async () => {
    await using on = await startHubFixture();
    const { hub, dashboard } = on;
    hub.store.hold((call) => call === 'commands.insert');
    const request = dashboard.request('!ls', { requestId: 'r' });
    await hub.store.waitForFault('commands.insert');
    const late = await connectDashboard(hub);
    await dashboard.ping();
    expect(dashboard.ofType('command:accepted')).toEqual([]);
    expect(dashboard.ofType('command:status')).toEqual([]);
    expect(late.ofType('command:status')).toEqual([]);
    hub.store.clearFaults();
    const id = await request;
    await dashboard.waitForStatus(id, 'queued');
    await late.waitForStatus(id, 'queued');
    expect(await hub.store.commands.find(id)).toMatchObject({ requestId: 'r' });
  });

  test('comes before the first status, to the requester alone', async () => {
    await using on = await startHubFixture();
    const other = await connectDashboard(on.hub);
    const id = await on.dashboard.request('!ls', { requestId: 'mine' });
    await on.dashboard.waitForStatus(id, 'queued');
    const types = on.dashboard.received.flatMap((m) =>
      'commandId' in m && m.commandId === id ? [m.type] : [],
    );
    expect(types.slice(0, 2)).toEqual(['command:accepted', 'command:status']);
    expect(await accepted(on.dashboard, id)).toMatchObject({ requestId: 'mine', agentId: 'agent' });
    await other.waitForStatus(id, 'queued');
    expect(other.ofType('command:accepted')).toEqual([]);
  });

  test('is refused as unavailable while the disk fails, with nothing queued; then all is well again', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    hub.store.fail((call) => call === 'commands.insert');
    expect(dashboard.request('!lost', { requestId: 'again' })).rejects.toThrow('unavailable');
    await dashboard.waitForError('unavailable');
    const body = { agentId: 'agent', command: '!lost' };
    expect((await hub.callApi('POST', '/commands', { body })).status).toBe(503);
    expect(hub.hub.state.commandQueue.get('agent') ?? []).toEqual([]);
    await hub.flush();
    expect(agent.executedCommands()).toEqual([]);
    expect(dashboard.ofType('command:status')).toEqual([]);
    hub.store.clearFaults();
    const answer = await hub.callApi('POST', '/commands', {
      body: { ...body, requestId: 'again' },
    });
    expect(answer.status).toBe(202);
    await agent.waitForExecute((await answer.json()).commandId);
  });

  test('a command whose hand-out cannot be stored waits at the head, and is tried again', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    hub.store.fail((call) => call === 'commands.update');
    const first = await dashboard.request('!first');
    await hub.store.waitForFault('commands.update');
    const second = await dashboard.request('!second');
    await hub.flush();
    expect(agent.executedCommands()).toEqual([]);
    hub.store.clearFaults();
    hub.clock.advance(1_000);
    agent.run((await agent.waitForExecute(first)).commandId);
    await agent.waitForExecute(second);
  });
});

describe('the same requestId', () => {
  test.each([
    ['agent', { agentId: 'second', command: '!ls' }],
    ['command', { agentId: 'agent', command: '!pwd' }],
  ])('for another %s is refused, also after a restart', async (_what, body) => {
    await using before = await startHubFixture({ onDisk: true });
    await connectAgent(before.hub, { agentId: 'second' });
    await before.dashboard.request('!ls', { requestId: 'r' });
    const request = { ...body, requestId: 'r' };
    const refused = await before.hub.callApi('POST', '/commands', { body: request });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ error: { code: 'request_id_reused' } });
    await using hub = await before.hub.restart();
    expect((await hub.callApi('POST', '/commands', { body: request })).status).toBe(409);
  });

  test('from the same user is the same command, on the same socket, another one, and the API', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls', { requestId: 'r' });
    expect(await on.dashboard.request('!ls', { requestId: 'r' })).toBe(id);
    const other = await connectDashboard(on.hub);
    expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
    const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
    expect((await (await on.hub.callApi('POST', '/commands', { body })).json()).commandId).toBe(id);
    await on.agent.waitForExecute(id);
    on.agent.run(id);
    await on.agent.waitForAcknowledged(id);
    expect(await other.request('!ls', { requestId: 'r' })).toBe(id);
    await on.hub.flush();
    expect(on.agent.executedCommands()).toEqual(['!ls']);
  });

  test('twice before the first is committed is one command too', async () => {
    await using on = await startHubFixture();
    on.hub.store.hold((call) => call === 'commands.insert');
    const both = [1, 2].map(() => on.dashboard.request('!ls', { requestId: 'r' }));
    await on.hub.store.waitForFault('commands.insert');
    await on.dashboard.ping();
    on.hub.store.clearFaults();
    const [a, b] = await Promise.all(both);
    expect(a).toBe(b as string);
    const page = await (await on.hub.callApi('GET', '/commands')).json();
    expect(page.items).toHaveLength(1);
  });

  test('from another user is another command', async () => {
    await using on = await startHubFixture();
    const eve = await connectDashboard(on.hub, { userId: 'eve' });
    const mine = await on.dashboard.request('!ls', { requestId: 'r' });
    expect(await eve.request('!ls', { requestId: 'r' })).not.toBe(mine);
  });

  test('is known after a crash, also while the agent is away, and forgotten after 24 hours', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.dashboard.request('!ls', { requestId: 'r' });
    const hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    expect(await dashboard.request('!ls', { requestId: 'r' })).toBe(id);
    const day = 86_400_000;
    await hub.advance(day - 60_000);
    const late = await connectDashboard(hub);
    expect(await late.request('!ls', { requestId: 'r' })).toBe(id);
    hub.clock.advance(60_001);
    await connectAgent(hub, { token: before.agent.token });
    const body = { agentId: 'agent', command: '!ls', requestId: 'r' };
    const answer = await hub.callApi('POST', '/commands', { body });
    expect(answer.status).toBe(202);
    expect((await answer.json()).commandId).not.toBe(id);
  });
});

describe('a command runs', () => {
  test('with its session and time-out, and everyone hears queued, running, completed', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('prompt', { session: 'new', timeoutMs: 7_000 });
    expect(await on.agent.waitForExecute(id)).toMatchObject({
      command: 'prompt',
      attempt: 1,
      session: 'new',
      timeoutMs: 7_000,
    });
    const plain = await on.dashboard.request('other');
    on.agent.run(id);
    const done = await on.dashboard.waitForStatus(id, 'completed');
    expect(done).toMatchObject({ agentId: 'agent', exitCode: 0 });
    expect(done).not.toHaveProperty('error');
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect(await on.agent.waitForExecute(plain)).toMatchObject({
      session: 'continue',
      timeoutMs: 300_000,
    });
  });

  test('and its times are in order, also in the store', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.hub.clock.advance(1_000);
    on.agent.sendStarted(id);
    await on.dashboard.waitForStatus(id, 'running');
    on.hub.clock.advance(2_000);
    on.agent.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
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
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.agent.sendStarted(id);
    on.agent.sendFinished(id, result);
    const told = await on.dashboard.waitForStatus(id, status as never);
    expect(told.exitCode ?? null).toBe(exitCode);
    expect(told.error?.code ?? null).toBe(code as never);
    await on.agent.waitForAcknowledged(id);
    const stored = await on.hub.store.commands.find(id);
    expect(stored).toMatchObject({ status: status as never, exitCode });
    expect(stored?.error?.code ?? null).toBe(code as never);
    expect(stored?.signal ?? null).toBe(result.signal ?? null);
  });

  test('also where its start was never told: it is running before it is completed', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.agent.sendFinished(id);
    await on.agent.waitForAcknowledged(id);
    await on.dashboard.waitForStatus(id, 'completed');
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect((await on.hub.store.commands.find(id))?.startedAt).toBe(on.hub.clock.now());
  });

  test('ends once: a later result is acknowledged, and changes nothing', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.agent.run(id);
    await on.agent.waitForAcknowledged(id);
    on.agent.sendFinished(id, { outcome: 'failed', exitCode: 1 });
    on.agent.sendFinished('unheard-of');
    await on.agent.waitForAcknowledged('unheard-of');
    expect(on.agent.ofType('command:acknowledged')).toHaveLength(3);
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect(await on.hub.store.commands.find(id)).toMatchObject({ status: 'completed' });
  });

  test('is acknowledged, and the next one given, only once its end is on disk', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    const next = await dashboard.request('!next');
    await agent.waitForExecute(id);
    agent.sendStarted(id);
    await dashboard.waitForStatus(id, 'running');
    hub.store.fail((call) => call === 'commands.update');
    agent.sendFinished(id);
    await hub.store.waitForFault('commands.update');
    agent.sendFinished(id);
    await agent.ping();
    await hub.flush();
    await agent.ping();
    expect(agent.ofType('command:acknowledged')).toEqual([]);
    expect(agent.executedCommands()).toEqual(['!ls']);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    hub.store.clearFaults();
    hub.clock.advance(1_000);
    await agent.waitForAcknowledged(id);
    await dashboard.waitForStatus(id, 'completed');
    await agent.waitForExecute(next);
  });

  test('keeps the order of its story on a disk that fails for a while', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls');
    await agent.waitForExecute(id);
    hub.store.fail((call) => call === 'commands.update');
    agent.sendStarted(id);
    await hub.store.waitForFault('commands.update');
    await hub.flush();
    hub.clock.advance(500);
    hub.store.clearFaults();
    agent.sendFinished(id);
    await agent.ping();
    await hub.flush();
    hub.clock.advance(500);
    await agent.waitForAcknowledged(id);
    await dashboard.waitForStatus(id, 'completed');
    hub.clock.advance(2_000);
    await hub.flush();
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    expect(await hub.store.commands.find(id)).toMatchObject({ status: 'completed', exitCode: 0 });
  });
});

describe('time-out', () => {
  test.each([
    [undefined, 300_000],
    [60_000, 60_000],
    [86_400_000, 86_400_000],
  ])('asked for %p comes after %p ms of running', async (timeoutMs, ms) => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls', { ...(timeoutMs && { timeoutMs }) });
    await agent.waitForExecute(id);
    await hub.advance(15_000, agent);
    agent.sendStarted(id);
    await dashboard.waitForStatus(id, 'running');
    const live = ms > 3_600_000 ? [] : [agent, dashboard];
    if (live.length === 0)
      return expect(await agent.waitForExecute(id)).toMatchObject({ timeoutMs: ms });
    await hub.advance(ms - 1, ...live);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    hub.clock.advance(1);
    expect(await agent.waitFor('command:interrupt')).toMatchObject({
      commandId: id,
      reason: 'timeout',
    });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' });
    const failed = await dashboard.waitForStatus(id, 'failed');
    expect(failed.error?.code).toBe('timeout');
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'failed']);
  });

  test('counts from the start of the command', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.waitForExecute(id);
    await on.hub.advance(20_000, on.agent, on.dashboard);
    on.agent.sendStarted(id);
    await on.dashboard.waitForStatus(id, 'running');
    await on.hub.advance(9_999, on.agent, on.dashboard);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
    await on.hub.advance(1, on.agent, on.dashboard);
    await on.agent.waitFor('command:interrupt', ({ reason }) => reason === 'timeout');
  });

  test('does not depend on the wall clock', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand('!ls', { timeoutMs: 10_000 });
    on.hub.clock.jump(3_600_000);
    await on.hub.advance(9_999, on.agent, on.dashboard);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
    on.hub.clock.jump(-7_200_000);
    await on.hub.advance(1, on.agent, on.dashboard);
    await on.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
  });

  test('a command that its agent does not start within 30 s fails as not_started', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    const next = await on.dashboard.request('!next');
    await on.agent.waitForExecute(id);
    await on.hub.advance(30_000, on.agent, on.dashboard);
    await on.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
    on.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('not_started');
    await on.agent.waitForExecute(next);
  });

  test('a program that exits by itself as the timeout is reached keeps its exit code', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand('!false', { timeoutMs: 10_000 });
    await on.hub.advance(10_000, on.agent, on.dashboard);
    await on.agent.waitFor('command:interrupt');
    on.agent.sendFinished(id, { outcome: 'failed', exitCode: 3 });
    const status = await on.dashboard.waitForStatus(id, 'failed');
    expect(status.exitCode).toBe(3);
    expect(status.error).toBeUndefined();
  });

  test('reports no exit code or signal, however the agent reports it', async () => {
    await using on = await startHubFixture();
    for (const result of [
      { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' },
      {
        outcome: 'failed',
        exitCode: 130,
        signal: 'SIGINT',
        error: { code: 'timeout', message: 'Timed out.' },
      },
    ] as const) {
      const id = await on.startCommand('!sleep', { timeoutMs: 10_000 });
      await on.hub.advance(10_000, on.agent, on.dashboard);
      await on.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
      on.agent.sendFinished(id, result);
      const status = await on.dashboard.waitForStatus(id, 'failed');
      expect([status.exitCode, status.error?.code]).toEqual([undefined, 'timeout']);
      expect(await on.hub.hub.history.find(id)).toMatchObject({ exitCode: null, signal: null });
    }
  });

  test('is not for a command that ended in time, nor for one that waits', async () => {
    await using on = await startHubFixture();
    const first = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    const waits = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.waitForExecute(first);
    on.agent.sendStarted(first);
    await on.dashboard.waitForStatus(first, 'running');
    await on.hub.advance(9_000, on.agent);
    on.agent.sendFinished(first);
    await on.agent.waitForExecute(waits);
    await on.hub.advance(9_000, on.agent);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('that loses the race against the end is the end', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls', { timeoutMs: 10_000 });
    await on.agent.waitForExecute(id);
    on.agent.sendStarted(id);
    await on.dashboard.waitForStatus(id, 'running');
    await on.hub.advance(10_000, on.agent);
    on.agent.sendFinished(id, { outcome: 'completed', exitCode: 0 });
    await on.dashboard.waitForStatus(id, 'completed');
  });

  test('of an agent that never answers is final after 30 s, and the agent stays busy until it does', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await dashboard.request('!ls', { timeoutMs: 10_000 });
    const next = await dashboard.request('!next');
    await agent.waitForExecute(id);
    agent.sendStarted(id);
    await dashboard.waitForStatus(id, 'running');
    await hub.advance(10_000, agent, dashboard);
    await agent.waitFor('command:interrupt');
    await hub.advance(30_000, agent, dashboard);
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
    agent.sendOutput(id, 'still here');
    await dashboard.waitUntil(() => dashboard.outputOf(id) || undefined, 'output');
    expect(dashboard.terminalMessages(id).map(({ type }) => type)).toEqual(['terminal:output']);
    expect(agent.executedCommands()).toEqual(['!ls']);
    const summary = await (await hub.callApi('GET', '/agents/agent')).json();
    expect(summary).toMatchObject({ status: 'busy', currentCommand: id });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await dashboard.waitForComplete(id);
    await agent.waitForAcknowledged(id);
    await agent.waitForExecute(next);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'failed']);
  });
});

describe('an agent shows', () => {
  test('online, busy while it has a command, online again: each change once', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    on.agent.run(id);
    await on.agent.waitForAcknowledged(id);
    await on.dashboard.waitFor(
      'agent:status',
      () => on.dashboard.ofType('agent:status').length === 3,
    );
    const told = on.dashboard.ofType('agent:status').map(({ status }) => status);
    expect(told).toEqual(['online', 'busy', 'online']);
  });

  test('currentCommand only while it is busy', async () => {
    await using on = await startHubFixture();
    const summary = async () => (await on.hub.callApi('GET', '/agents/agent')).json();
    expect(await summary()).toMatchObject({ status: 'online', currentCommand: null });
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    expect(await summary()).toMatchObject({ status: 'busy', currentCommand: id });
    on.agent.run(id);
    await on.agent.waitForAcknowledged(id);
    expect(await summary()).toMatchObject({ status: 'online', currentCommand: null });
  });
});

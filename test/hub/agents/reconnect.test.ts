// An agent that went away with a command in its hands: what becomes of the command, of its output, and of what waits.
import { describe, expect, test } from 'bun:test';
import { isDeepStrictEqual } from 'node:util';
import type { HeldCommand } from '../../../src/protocol/agent-to-hub.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { type AgentConnectFields, connectAgent } from '../../support/hub/scripted-agent.ts';

function holds(commandId: string, more: Partial<HeldCommand> = {}): HeldCommand[] {
  return [
    {
      commandId,
      attempt: 1,
      firstSequence: 0,
      nextSequence: 0,
      lostBytes: 0,
      finished: false,
      ...more,
    },
  ];
}

/** The agent's socket is cut, and everyone knows. */
async function goAway({ agent, dashboard }: Pick<HubFixture, 'agent' | 'dashboard'>) {
  agent.terminate();
  await dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
}

const comeBack = ({ hub, agent }: HubFixture, hello: AgentConnectFields = {}) =>
  connectAgent(hub, { token: agent.token, ...hello });

describe('an agent that returns', () => {
  test('with its command goes on with the output the hub has not seen', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    on.agent.sendOutput(id, 'b');
    await on.agent.waitForAck(id, 2);
    await goAway(on);
    const back = await comeBack(on, { held: holds(id, { firstSequence: 1, nextSequence: 4 }) });
    const { resume, stop } = await back.waitFor('agent:welcome');
    expect({ resume, stop }).toEqual({ resume: [{ commandId: id, nextSequence: 2 }], stop: [] });
    // What is on disk is acknowledged again: that word may have been lost with the old socket.
    await back.waitForAck(id, 2);
    back.setNextSequence(id, 1);
    for (const data of ['b', 'c', 'd']) back.sendOutput(id, data);
    back.sendFinished(id, { lastSequence: 3 });
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('abcd');
    await on.dashboard.waitForStatus(id, 'completed');
    await back.waitForAcknowledged(id);
    const told = on.dashboard.ofType('agent:status').map(({ status }) => status);
    expect(told).toEqual(['online', 'busy', 'offline', 'busy']);
  });

  test('with a result tells it again, and the hub takes it once', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    await goAway(on);
    const back = await comeBack(on, { held: holds(id, { nextSequence: 1, finished: true }) });
    await back.waitFor('agent:welcome', ({ resume }) => resume[0]?.commandId === id);
    back.sendOutput(id, 'all of it');
    back.sendFinished(id);
    await back.waitForAcknowledged(id);
    await on.dashboard.waitForStatus(id, 'completed');
    back.terminate();
    const again = await comeBack(on, { held: holds(id, { nextSequence: 1, finished: true }) });
    const { resume, stop } = await again.waitFor('agent:welcome');
    expect({ resume, stop }).toEqual({ resume: [], stop: [id] });
    again.sendFinished(id);
    await again.waitForAcknowledged(id);
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    const next = await on.dashboard.request('!next');
    await again.waitForExecute(next);
  });

  test('with a command it had started without a word runs it', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    await goAway(on);
    const back = await comeBack(on, { held: holds(id) });
    await on.dashboard.waitForStatus(id, 'running');
    back.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
  });

  test('without a command that was sent, and the same journal, never started it: it is next again', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!first', { priority: 'low' });
    const high = await on.dashboard.request('!high', { priority: 'high' });
    await on.agent.waitForExecute(id);
    await goAway(on);
    const back = await comeBack(on);
    const given = await back.waitForExecute(id, 2);
    expect(given.command).toBe('!first');
    expect(on.dashboard.statusesOf(id)).toEqual(['queued']);
    back.run(id);
    await back.waitForExecute(high);
    expect(back.executedCommands()).toEqual(['!first', '!high']);
  });

  test('with an attempt it was sent before is told to stop it', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!first');
    await on.agent.waitForExecute(id);
    await goAway(on);
    const second = await comeBack(on);
    await second.waitForExecute(id, 2);
    second.terminate();
    const told = () => on.dashboard.ofType('agent:status').map(({ status }) => status);
    await on.dashboard.waitUntil(
      () => told().lastIndexOf('offline') > 4 || undefined,
      'offline again',
    );
    const third = await comeBack(on, { held: holds(id, { attempt: 1 }) });
    expect(await third.waitFor('agent:welcome')).toMatchObject({ resume: [], stop: [id] });
  });

  test.each<[string, AgentConnectFields, AgentConnectFields]>([
    ['another journal', { journalId: 'one' }, { journalId: 'two' }],
    ['no journal now', { journalId: 'one' }, { journalId: undefined } as never],
    ['never a journal', { journalId: undefined } as never, { journalId: undefined } as never],
  ])('without a command that was sent, and %s, has lost it', async (_name, before, after) => {
    await using on = await startHubFixture({ agent: before });
    const id = await on.dashboard.request('!first');
    const next = await on.dashboard.request('!next');
    await on.agent.waitForExecute(id);
    await goAway(on);
    const back = await comeBack(on, after);
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await back.waitForExecute(next);
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'failed']);
    expect(back.executedCommands()).toEqual(['!next']);
  });

  test('without a command that was running has lost it at once', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    const next = await on.dashboard.request('!next');
    on.agent.sendOutput(id, 'half');
    await on.agent.waitForAck(id, 1);
    await goAway(on);
    const back = await comeBack(on);
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('half');
    await back.waitForExecute(next);
    expect(back.executedCommands()).toEqual(['!next']);
  });

  test('before its next command was on its way gets it as a new attempt', async () => {
    await using on = await startHubFixture();
    on.hub.store.hold((call) => call === 'commands.update');
    const id = await on.dashboard.request('!ls');
    await on.hub.store.waitForFault('commands.update');
    await goAway(on);
    const back = await comeBack(on);
    on.hub.store.clearFaults();
    await back.waitForExecute(id, 2);
    expect(back.executedCommands()).toEqual(['!ls']);
  });

  test('has its command stored as sent, even where taking it back had to be tried again', async () => {
    await using on = await startHubFixture();
    const id = await on.dashboard.request('!ls');
    await on.agent.waitForExecute(id);
    await goAway(on);
    const takesBack = (changes: unknown) => isDeepStrictEqual(changes, { sent: false });
    let isFirst = true;
    on.hub.store.fail((call, [, changes]) => {
      const fails = isFirst && call === 'commands.update' && takesBack(changes);
      if (fails) isFirst = false;
      return fails;
    });
    const back = await comeBack(on);
    await on.hub.flush();
    expect(isFirst).toBe(false);
    on.hub.clock.advance(1_000);
    await back.waitForExecute(id, 2);
    await on.hub.flush();
    on.hub.clock.advance(1_000);
    await on.hub.flush();
    expect(await on.hub.store.commands.find(id)).toMatchObject({ attempt: 2, sent: true });
  });

  test('without a command that was ended from here closes its terminal', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    await goAway(on);
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.dashboard.waitForStatus(id, 'interrupted');
    await on.dashboard.ping();
    expect(on.dashboard.terminalMessages(id)).toEqual([]);
    await comeBack(on);
    await on.dashboard.waitForComplete(id);
  });

  test('with a command nobody knows is told to stop it, and gets nothing new until it has', async () => {
    await using on = await startHubFixture();
    await goAway(on);
    const back = await comeBack(on, { held: holds('unheard-of') });
    expect(await back.waitFor('agent:welcome')).toMatchObject({ stop: ['unheard-of'] });
    const id = await on.dashboard.request('!next');
    await on.hub.flush();
    expect(back.executedCommands()).toEqual([]);
    back.sendFinished('unheard-of', { outcome: 'interrupted', exitCode: null });
    await back.waitForAcknowledged('unheard-of');
    await back.waitForExecute(id);
  });

  test('gets the commands that waited meanwhile, in order', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    await on.dashboard.request('!low', { priority: 'low' });
    await on.dashboard.request('!high', { priority: 'high' });
    await goAway(on);
    const back = await comeBack(on, { held: holds(id) });
    back.sendFinished(id);
    const { commandId } = await back.waitFor('command:execute');
    back.run(commandId);
    await back.waitFor('command:execute', ({ command }) => command === '!low');
    expect(back.executedCommands()).toEqual(['!high', '!low']);
  });
});

describe('an agent that stays away', () => {
  test('loses its command after 5 minutes, and what waits goes on waiting', async () => {
    await using on = await startHubFixture();
    const { hub, dashboard } = on;
    const id = await on.startCommand('!long', { timeoutMs: 3_600_000 });
    const next = await dashboard.request('!next');
    await goAway(on);
    await hub.advance(299_999, dashboard);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    hub.clock.advance(1);
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await dashboard.waitForComplete(id);
    expect(dashboard.statusesOf(next)).toEqual(['queued']);
    const back = await comeBack(on, { held: holds(id) });
    expect(await back.waitFor('agent:welcome')).toMatchObject({ stop: [id] });
    back.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await back.waitForExecute(next);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'failed']);
  });

  test('for less than that each time loses nothing', async () => {
    await using on = await startHubFixture({ settings: { agentGraceMs: 60_000 } });
    const id = await on.startCommand();
    await goAway(on);
    await on.hub.advance(59_000, on.dashboard);
    const back = await comeBack(on, { held: holds(id) });
    await on.hub.advance(60_000, on.dashboard, back);
    back.sendFinished(id);
    await on.dashboard.waitForStatus(id, 'completed');
  });

  test('past the timeout of its command is told to stop it when it reconnects', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand('!long', { timeoutMs: 60_000 });
    await goAway(on);
    await on.hub.advance(90_000, on.dashboard);
    expect(on.dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    const back = await comeBack(on, { held: holds(id, { nextSequence: 1 }) });
    expect(await back.waitFor('agent:welcome')).toMatchObject({ stop: [] });
    await back.waitFor('command:interrupt', ({ reason }) => reason === 'timeout');
    back.sendOutput(id, 'what it wrote meanwhile');
    back.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('what it wrote meanwhile');
  });

  test('past the timeout of its command fails it as agent_lost, not as timeout', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand('!long', { timeoutMs: 60_000 });
    await goAway(on);
    await on.hub.advance(300_000, on.dashboard);
    expect((await on.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  });

  test('after closing its connection cleanly gives back the command it had not started', async () => {
    await using on = await startHubFixture();
    const first = await on.dashboard.request('!first');
    const second = await on.dashboard.request('!second');
    await on.agent.waitForExecute(first);
    on.agent.close(1000);
    await on.agent.closed;
    const back = await comeBack(on, { journalId: 'another journal' });
    await back.waitForExecute(first, 2);
    back.run(first);
    await back.waitForExecute(second);
    expect(on.dashboard.statusesOf(first)).not.toContain('failed');
  });

  test('and finds its command ended is heard to the end of its output, and of what it lost', async () => {
    await using on = await startHubFixture({ settings: { bufferMemoryBytes: 1 } });
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    await on.agent.waitForAck(id, 1);
    await goAway(on);
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.dashboard.waitForStatus(id, 'interrupted');
    const back = await comeBack(on, { held: holds(id, { nextSequence: 3, finished: true }) });
    expect(await back.waitFor('agent:welcome')).toMatchObject({ stop: [id] });
    back.setNextSequence(id, 0);
    for (const data of ['a', 'b', 'c']) back.sendOutput(id, data);
    back.sendFinished(id, { lastSequence: 4 });
    await back.waitForAcknowledged(id);
    expect(await on.dashboard.waitForComplete(id)).toMatchObject({ totalBytes: 3 });
    expect(on.dashboard.outputOf(id)).toBe('abc');
    expect(on.dashboard.terminalMessages(id).at(-2)?.type).toBe('terminal:gap');
    // Its buffer is freed once the dashboard has confirmed it; its size is still known.
    for (let i = 0; i < 3; i++) await on.hub.advance(1_000, back, on.dashboard);
    on.dashboard.send({ type: 'terminal:attach', commandId: id });
    await on.dashboard.waitFor(
      'terminal:gap',
      ({ reason, bytes }) => reason === 'expired' && bytes === 3,
    );
  });

  test('with a command that was stopping lets its terminal close in the end', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    await goAway(on);
    on.dashboard.send({ type: 'command:interrupt', commandId: id });
    await on.dashboard.waitForStatus(id, 'interrupted');
    await on.hub.advance(300_000, on.dashboard);
    await on.dashboard.waitForComplete(id);
  });
});

describe('a hub that was restarted', () => {
  test.each(['restart', 'crash'] as const)('by %s knows what was queued, in order', async (how) => {
    await using before = await startHubFixture({ onDisk: true });
    const first = await before.startCommand('!first');
    const ids: Record<string, string> = {};
    for (const [command, priority] of [
      ['!low', 'low'],
      ['!normal', 'normal'],
      ['!high', 'high'],
    ] as const)
      ids[command] = await before.dashboard.request(command, { priority });
    await using hub = await before.hub[how]();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitForStatus(first, 'running');
    for (const id of Object.values(ids)) await dashboard.waitForStatus(id, 'queued');
    const agent = await connectAgent(hub, { token: before.agent.token, held: holds(first) });
    agent.sendFinished(first);
    for (const command of ['!high', '!normal', '!low']) {
      const given = await agent.waitForExecute(String(ids[command]));
      expect(given).toMatchObject({ command, attempt: 1 });
      agent.run(given.commandId);
    }
    await dashboard.waitForStatus(String(ids['!low']), 'completed');
  });

  test('goes on with a running command and its output, without a hole and without a repetition', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'zero ');
    before.agent.sendOutput(id, 'err ', 'stderr');
    before.agent.sendOutput(id, 'two ');
    await before.agent.waitForAck(id, 3);
    await using hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    const held = holds(id, { firstSequence: 3, nextSequence: 5 });
    const agent = await connectAgent(hub, { token: before.agent.token, held });
    expect(await agent.waitFor('agent:welcome')).toMatchObject({
      resume: [{ commandId: id, nextSequence: 3 }],
    });
    agent.setNextSequence(id, 3);
    agent.sendOutput(id, 'three ');
    agent.sendOutput(id, 'four');
    agent.sendFinished(id);
    const complete = await dashboard.waitForComplete(id);
    expect(dashboard.outputOf(id)).toBe('zero err two three four');
    const sequences = dashboard.sequencesOf(id);
    expect(sequences).toEqual(sequences.map((_, i) => i));
    expect(complete).toMatchObject({ lastSequence: sequences.length - 1, totalBytes: 23 });
    await dashboard.waitForStatus(id, 'completed');
    expect(await (await hub.callApi('GET', `/commands/${id}/output`)).text()).toBe(
      'zero err two three four',
    );
  });

  test('asks again for what was not yet on disk when it died', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'kept ');
    await before.agent.waitForAck(id, 1);
    before.hub.store.hold((call) => call === 'output.append');
    before.agent.sendOutput(id, 'lost');
    await before.dashboard.waitUntil(
      () => before.dashboard.outputOf(id) === 'kept lost' || undefined,
      'the live output',
    );
    expect(before.agent.ofType('output:ack').map(({ nextSequence }) => nextSequence)).toEqual([1]);
    await using hub = await before.hub.crash();
    const held = holds(id, { firstSequence: 1, nextSequence: 2 });
    const agent = await connectAgent(hub, { token: before.agent.token, held });
    const { resume } = await agent.waitFor('agent:welcome');
    expect(resume).toEqual([{ commandId: id, nextSequence: 1 }]);
  });

  test('gives the agent 5 minutes to come back, as well', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand('!long', { timeoutMs: 3_600_000 });
    await using hub = await before.hub.restart();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitForStatus(id, 'running');
    await hub.advance(299_999, dashboard);
    expect(dashboard.statusesOf(id)).toEqual(['running']);
    hub.clock.advance(1);
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  });

  test("counts the time that it was down into a command's own", async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand('!long', { timeoutMs: 60_000 });
    await using hub = await before.hub.restart(50_000);
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, { token: before.agent.token, held: holds(id) });
    await hub.advance(9_999, agent);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    hub.clock.advance(1);
    expect(await agent.waitFor('command:interrupt')).toMatchObject({ reason: 'timeout' });
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
  });

  test('does not run a command twice that was sent just before it died', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.dashboard.request('!once');
    await before.agent.waitForExecute(id);
    await using hub = await before.hub.crash();
    const dashboard = await connectDashboard(hub);
    const token = before.agent.token;
    const other = await connectAgent(hub, { token, journalId: 'another' });
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    expect(other.executedCommands()).toEqual([]);
  });

  test('gives out again what the agent, by its journal, never got', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.dashboard.request('!once');
    await before.agent.waitForExecute(id);
    await using hub = await before.hub.crash();
    const agent = await connectAgent(hub, { token: before.agent.token });
    await agent.waitForExecute(id, 2);
  });

  test('knows no output of commands that had ended, and says so', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const id = await before.startCommand();
    before.agent.sendOutput(id, 'gone');
    before.agent.sendFinished(id);
    await before.agent.waitForAcknowledged(id);
    await using hub = await before.hub.restart();
    const dashboard = await connectDashboard(hub);
    dashboard.send({ type: 'terminal:attach', commandId: id });
    const complete = await dashboard.waitForComplete(id);
    expect(complete).toMatchObject({ lastSequence: 0, totalBytes: 4 });
    expect(dashboard.terminalMessages(id)[0]).toMatchObject({
      type: 'terminal:gap',
      fromSequence: 0,
      toSequence: 1,
      bytes: 4,
      reason: 'expired',
    });
    expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
    expect(await hub.store.output.list(id)).toEqual([]);
  });

  test('closes everyone with 1001 when it stops, and says why', async () => {
    await using before = await startHubFixture({ onDisk: true });
    const { agent, dashboard } = before;
    await using hub = await before.hub.restart();
    const ends = await Promise.all([agent.closed, dashboard.closed]);
    expect(hub.hub.epoch).not.toBe(before.hub.hub.epoch);
    expect(ends).toEqual([
      { code: 1001, reason: 'shutdown' },
      { code: 1001, reason: 'shutdown' },
    ]);
  });
});

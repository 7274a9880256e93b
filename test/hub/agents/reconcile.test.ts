// Agents that reconnect or stay offline: what happens to their commands and output.
import { describe, expect, test } from 'bun:test';
import { isDeepStrictEqual } from 'node:util';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { type AgentConnectFields, createHeldCommand } from '../../support/hub/scripted-agent.ts';

describe('an agent that reconnects', () => {
  test('resumes its output at the first sequence that the hub does not have', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'a');
    fixture.agent.sendOutput(id, 'b');
    await fixture.agent.waitForAck(id, 2);
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent({
      held: [createHeldCommand(id, { firstSequence: 1, nextSequence: 4 })],
    });
    const { resume, stop } = await reconnected.waitFor('agent:welcome');
    expect({ resume, stop }).toEqual({ resume: [{ commandId: id, nextSequence: 2 }], stop: [] });
    // Committed output is acknowledged again: the first ack may have been lost with the old socket.
    await reconnected.waitForAck(id, 2);
    reconnected.setNextSequence(id, 1);
    for (const data of ['b', 'c', 'd']) reconnected.sendOutput(id, data);
    reconnected.sendFinished(id, { lastSequence: 3 });
    await fixture.dashboard.waitForComplete(id);
    expect(fixture.dashboard.outputOf(id)).toBe('abcd');
    await fixture.dashboard.waitForStatus(id, 'completed');
    await reconnected.waitForAcknowledged(id);
    const statuses = fixture.dashboard.agentStatuses();
    expect(statuses).toEqual(['online', 'busy', 'offline', 'busy']);
  });

  test('sends a result again, and the hub accepts it once', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent({
      held: [createHeldCommand(id, { nextSequence: 1, finished: true })],
    });
    await reconnected.waitFor('agent:welcome', ({ resume }) => resume[0]?.commandId === id);
    reconnected.sendOutput(id, 'output');
    reconnected.sendFinished(id);
    await reconnected.waitForAcknowledged(id);
    await fixture.dashboard.waitForStatus(id, 'completed');
    reconnected.terminate();
    const third = await fixture.reconnectAgent({
      held: [createHeldCommand(id, { nextSequence: 1, finished: true })],
    });
    const { resume, stop } = await third.waitFor('agent:welcome');
    expect({ resume, stop }).toEqual({ resume: [], stop: [id] });
    third.sendFinished(id);
    await third.waitForAcknowledged(id);
    expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
    const next = await fixture.dashboard.request('!next');
    await third.waitForExecute(next);
  });

  test('is running a command that it holds, even without command:started', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.dashboard.request('!ls');
    await fixture.agent.waitForExecute(id);
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    await fixture.dashboard.waitForStatus(id, 'running');
    reconnected.sendFinished(id);
    await fixture.dashboard.waitForStatus(id, 'completed');
  });

  test('is sent a command again that it never started, before all others', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.dashboard.request('!first', { priority: 'low' });
    const high = await fixture.dashboard.request('!high', { priority: 'high' });
    await fixture.agent.waitForExecute(id);
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent();
    const execute = await reconnected.waitForExecute(id, 2);
    expect(execute.command).toBe('!first');
    expect(fixture.dashboard.statusesOf(id)).toEqual(['queued']);
    reconnected.run(id);
    await reconnected.waitForExecute(high);
    expect(reconnected.executedCommands()).toEqual(['!first', '!high']);
  });

  test('that closes cleanly while the end of its command is stored does not get it again', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const first = await dashboard.request('!first');
    const second = await dashboard.request('!second');
    await agent.waitForExecute(first);
    hub.store.hold((call) => call === 'commands.update');
    agent.sendFinished(first, {
      outcome: 'failed',
      exitCode: null,
      error: { code: 'invalid_command', message: 'No.' },
    });
    await hub.store.waitForFault('commands.update');
    agent.close(1000);
    await agent.closed;
    await dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    hub.store.clearFaults();
    await dashboard.waitForStatus(first, 'failed');
    const back = await fixture.reconnectAgent();
    await back.waitForExecute(second);
    expect(back.executedCommands()).toEqual(['!second']);
  });

  test.each([
    ['that it never started', false],
    ['that its journal has lost', true],
  ])(
    'gets the next command if the one %s is interrupted while it reconnects',
    async (_name, isStarted) => {
      await using fixture = await startHubFixture();
      const { hub, agent, dashboard } = fixture;
      const first = await dashboard.request('!first');
      const second = await dashboard.request('!second');
      await agent.waitForExecute(first);
      if (isStarted) {
        agent.sendStarted(first);
        await dashboard.waitForStatus(first, 'running');
      }
      await fixture.disconnectAgent();
      const isOutcome = (changes: unknown) => Object.hasOwn(changes as object, 'completedAt');
      hub.store.hold((call, [, changes]) => call === 'commands.update' && isOutcome(changes));
      dashboard.send({ type: 'command:interrupt', commandId: first });
      await hub.store.waitForFault('commands.update');
      const back = await fixture.reconnectAgent(isStarted ? { journalId: 'new' } : {});
      hub.store.release();
      await dashboard.waitForStatus(first, 'interrupted');
      await dashboard.waitForComplete(first);
      await back.waitForExecute(second);
    },
  );

  test('is sent a command again that it had not started when it closed its connection', async () => {
    await using fixture = await startHubFixture();
    const first = await fixture.dashboard.request('!first');
    const second = await fixture.dashboard.request('!second');
    await fixture.agent.waitForExecute(first);
    fixture.agent.close(1000);
    await fixture.agent.closed;
    const reconnected = await fixture.reconnectAgent({ journalId: 'another journal' });
    await reconnected.waitForExecute(first, 2);
    reconnected.run(first);
    await reconnected.waitForExecute(second);
    expect(fixture.dashboard.statusesOf(first)).not.toContain('failed');
  });

  test('must stop an attempt that was sent again since', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.dashboard.request('!first');
    await fixture.agent.waitForExecute(id);
    await fixture.disconnectAgent();
    const second = await fixture.reconnectAgent();
    await second.waitForExecute(id, 2);
    second.terminate();
    await fixture.dashboard.waitUntil(
      () => fixture.dashboard.agentStatuses().lastIndexOf('offline') > 4,
      'offline again',
    );
    const third = await fixture.reconnectAgent({ held: [createHeldCommand(id, { attempt: 1 })] });
    expect(await third.waitFor('agent:welcome')).toMatchObject({ resume: [], stop: [id] });
  });

  test.each<[string, AgentConnectFields, AgentConnectFields]>([
    ['a different journal', { journalId: 'one' }, { journalId: 'two' }],
    ['no journal any more', { journalId: 'one' }, { journalId: undefined } as never],
    ['no journal at all', { journalId: undefined } as never, { journalId: undefined } as never],
  ])('loses a command that was sent to it if it has %s', async (_name, before, after) => {
    await using fixture = await startHubFixture({ agent: before });
    const id = await fixture.dashboard.request('!first');
    const next = await fixture.dashboard.request('!next');
    await fixture.agent.waitForExecute(id);
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent(after);
    expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await reconnected.waitForExecute(next);
    expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'failed']);
    expect(reconnected.executedCommands()).toEqual(['!next']);
  });

  test('must stop a command whose end is being stored', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    await fixture.disconnectAgent();
    fixture.hub.store.hold((call) => call === 'commands.update');
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.hub.store.waitForFault('commands.update');
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    expect(await reconnected.waitFor('agent:welcome')).toMatchObject({ stop: [id], resume: [] });
    await reconnected.ping();
    expect(reconnected.ofType('command:interrupt')).toEqual([]);
    fixture.hub.store.clearFaults();
    await fixture.dashboard.waitForStatus(id, 'interrupted');
  });

  test('loses a running command that it does not hold', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const next = await fixture.dashboard.request('!next');
    fixture.agent.sendOutput(id, 'partial');
    await fixture.agent.waitForAck(id, 1);
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent();
    expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await fixture.dashboard.waitForComplete(id);
    expect(fixture.dashboard.outputOf(id)).toBe('partial');
    await reconnected.waitForExecute(next);
    expect(reconnected.executedCommands()).toEqual(['!next']);
  });

  test('receives a command as a new attempt if it disconnected before the command was sent', async () => {
    await using fixture = await startHubFixture();
    fixture.hub.store.hold((call) => call === 'commands.update');
    const id = await fixture.dashboard.request('!ls');
    await fixture.hub.store.waitForFault('commands.update');
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent();
    fixture.hub.store.clearFaults();
    await reconnected.waitForExecute(id, 2);
    expect(reconnected.executedCommands()).toEqual(['!ls']);
  });

  test('has its command stored as sent, although returning it to the queue failed once', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.dashboard.request('!ls');
    await fixture.agent.waitForExecute(id);
    await fixture.disconnectAgent();
    const isReturned = (changes: unknown) => isDeepStrictEqual(changes, { sent: false });
    let isFirst = true;
    fixture.hub.store.fail((call, [, changes]) => {
      const fails = isFirst && call === 'commands.update' && isReturned(changes);
      if (fails) isFirst = false;
      return fails;
    });
    const reconnected = await fixture.reconnectAgent();
    await fixture.hub.flush();
    expect(isFirst).toBe(false);
    fixture.hub.clock.advance(1_000);
    await reconnected.waitForExecute(id, 2);
    await fixture.hub.flush();
    fixture.hub.clock.advance(1_000);
    await fixture.hub.flush();
    expect(await fixture.hub.store.commands.find(id)).toMatchObject({ attempt: 2, sent: true });
  });

  test('completes the terminal of an interrupted command that it does not hold', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    await fixture.disconnectAgent();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.dashboard.waitForStatus(id, 'interrupted');
    await fixture.dashboard.ping();
    expect(fixture.dashboard.terminalMessages(id)).toEqual([]);
    await fixture.reconnectAgent();
    await fixture.dashboard.waitForComplete(id);
  });

  test('must stop an unknown command before it receives another one', async () => {
    await using fixture = await startHubFixture();
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand('unknown')] });
    expect(await reconnected.waitFor('agent:welcome')).toMatchObject({ stop: ['unknown'] });
    const id = await fixture.dashboard.request('!next');
    await fixture.hub.flush();
    expect(reconnected.executedCommands()).toEqual([]);
    reconnected.sendFinished('unknown', { outcome: 'interrupted', exitCode: null });
    await reconnected.waitForAcknowledged('unknown');
    await reconnected.waitForExecute(id);
  });

  test('receives the commands that were queued while it was offline, in order', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    await fixture.dashboard.request('!low', { priority: 'low' });
    await fixture.dashboard.request('!high', { priority: 'high' });
    await fixture.disconnectAgent();
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    reconnected.sendFinished(id);
    const { commandId } = await reconnected.waitFor('command:execute');
    reconnected.run(commandId);
    await reconnected.waitFor('command:execute', ({ command }) => command === '!low');
    expect(reconnected.executedCommands()).toEqual(['!high', '!low']);
  });
});

describe('an agent that stays offline', () => {
  test('loses its command after 5 minutes, while others stay queued', async () => {
    await using fixture = await startHubFixture();
    const { hub, dashboard } = fixture;
    const id = await fixture.startCommand('!long', { timeoutMs: 3_600_000 });
    const next = await dashboard.request('!next');
    await fixture.disconnectAgent();
    await hub.advance(299_999, dashboard);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    hub.clock.advance(1);
    expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
    await dashboard.waitForComplete(id);
    expect(dashboard.statusesOf(next)).toEqual(['queued']);
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    expect(await reconnected.waitFor('agent:welcome')).toMatchObject({ stop: [id] });
    reconnected.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await reconnected.waitForExecute(next);
    expect(dashboard.statusesOf(id)).toEqual(['queued', 'running', 'failed']);
  });

  test('keeps its command if it reconnects within the grace period each time', async () => {
    await using fixture = await startHubFixture({ settings: { agentGraceMs: 60_000 } });
    const id = await fixture.startCommand();
    await fixture.disconnectAgent();
    await fixture.hub.advance(59_000, fixture.dashboard);
    const reconnected = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    await fixture.hub.advance(60_000, fixture.dashboard, reconnected);
    reconnected.sendFinished(id);
    await fixture.dashboard.waitForStatus(id, 'completed');
  });

  test('is interrupted when it reconnects if the timeout of its command has passed', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand('!long', { timeoutMs: 60_000 });
    await fixture.disconnectAgent();
    await fixture.hub.advance(90_000, fixture.dashboard);
    expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running']);
    const reconnected = await fixture.reconnectAgent({
      held: [createHeldCommand(id, { nextSequence: 1 })],
    });
    expect(await reconnected.waitFor('agent:welcome')).toMatchObject({ stop: [] });
    await reconnected.waitFor('command:interrupt', ({ reason }) => reason === 'timeout');
    reconnected.sendOutput(id, 'written meanwhile');
    reconnected.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
    await fixture.dashboard.waitForComplete(id);
    expect(fixture.dashboard.outputOf(id)).toBe('written meanwhile');
  });

  test('loses a command past its timeout as agent_lost, not as timeout', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand('!long', { timeoutMs: 60_000 });
    await fixture.disconnectAgent();
    await fixture.hub.advance(300_000, fixture.dashboard);
    expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('agent_lost');
  });

  test('stores the time of its disconnection with the command it loses', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    await fixture.hub.advance(12_000, fixture.agent, fixture.dashboard);
    await fixture.disconnectAgent();
    const { startedAt } = (await fixture.hub.hub.history.find(id)) ?? {};
    await fixture.hub.advance(300_000, fixture.dashboard);
    await fixture.dashboard.waitForStatus(id, 'failed');
    expect(await fixture.hub.hub.history.find(id)).toMatchObject({
      error: { code: 'agent_lost' },
      disconnectedAt: (startedAt ?? 0) + 12_000,
    });
  });

  test('still delivers the output of a command that was interrupted while it was offline', async () => {
    await using fixture = await startHubFixture({
      settings: { bufferMemoryBytes: 1, transcriptRetentionMs: 0 },
    });
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'a');
    await fixture.agent.waitForAck(id, 1);
    await fixture.disconnectAgent();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.dashboard.waitForStatus(id, 'interrupted');
    const reconnected = await fixture.reconnectAgent({
      held: [createHeldCommand(id, { nextSequence: 3, finished: true })],
    });
    expect(await reconnected.waitFor('agent:welcome')).toMatchObject({ stop: [id] });
    reconnected.setNextSequence(id, 0);
    for (const data of ['a', 'b', 'c']) reconnected.sendOutput(id, data);
    reconnected.sendFinished(id, { lastSequence: 4 });
    await reconnected.waitForAcknowledged(id);
    expect(await fixture.dashboard.waitForComplete(id)).toMatchObject({ totalBytes: 3 });
    expect(fixture.dashboard.outputOf(id)).toBe('abc');
    expect(fixture.dashboard.terminalMessages(id).at(-2)?.type).toBe('terminal:gap');
    // Its buffer is freed once the dashboard has confirmed it; its size is still known.
    for (let i = 0; i < 3; i++) await fixture.hub.advance(1_000, reconnected, fixture.dashboard);
    fixture.dashboard.send({ type: 'terminal:attach', commandId: id });
    await fixture.dashboard.waitFor(
      'terminal:gap',
      ({ reason, bytes }) => reason === 'expired' && bytes === 3,
    );
  });

  /** Interrupts a command while its agent is offline, and waits for the end of the grace period. */
  async function loseInterrupted(fixture: HubFixture) {
    const id = await fixture.startCommand();
    await fixture.disconnectAgent();
    fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
    await fixture.dashboard.waitForStatus(id, 'interrupted');
    await fixture.hub.advance(300_000, fixture.dashboard);
    return { id, complete: await fixture.dashboard.waitForComplete(id) };
  }

  test('lets the terminal of an interrupted command complete after the grace period', async () => {
    await using fixture = await startHubFixture();
    await loseInterrupted(fixture);
  });

  test('is not acknowledged output that is not committed, although it is complete', async () => {
    await using fixture = await startHubFixture();
    const { store } = fixture.hub;
    const id = await fixture.startCommand();
    store.fail((call) => call === 'output.append');
    fixture.agent.sendOutput(id, 'one');
    fixture.agent.sendFinished(id);
    await store.waitForFault('output.append');
    await fixture.disconnectAgent();
    const agent = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    agent.sendOutput(id, 'one');
    await agent.ping();
    expect(agent.ofType('output:ack')).toEqual([]);
    store.clearFaults();
    await fixture.hub.advance(1_000, agent, fixture.dashboard);
    await agent.waitForAck(id, 1);
    expect((await store.output.listLatest(id, Infinity)).map(({ data }) => data)).toEqual(['one']);
  });

  test('is acknowledged the output that came too late, so that it can send its result', async () => {
    await using fixture = await startHubFixture();
    const { id, complete } = await loseInterrupted(fixture);
    const { totalBytes } = complete;
    const agent = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
    expect(agent.ofType('agent:welcome')).toMatchObject([{ resume: [], stop: [id] }]);
    agent.sendOutput(id, 'late');
    await agent.waitForAck(id, 1);
    agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
    await agent.waitForAcknowledged(id);
    expect(await fixture.hub.store.commands.find(id)).toMatchObject({ totalBytes });
    const next = await fixture.dashboard.request('!next');
    await agent.waitForExecute(next);
  });
});

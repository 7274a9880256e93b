// Commands from their start to their result.
import { expect, test } from 'bun:test';
import type { CommandFinished } from '../../../src/protocol/agent-to-hub.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { createHeldCommand } from '../../support/hub/scripted-agent.ts';

test('a command is sent with its session and timeout, and is queued, running and completed', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('prompt', { session: 'new', timeoutMs: 7_000 });
  expect(await fixture.agent.waitForExecute(id)).toMatchObject({
    command: 'prompt',
    attempt: 1,
    session: 'new',
    timeoutMs: 7_000,
  });
  const plain = await fixture.dashboard.request('other');
  fixture.agent.run(id);
  const completed = await fixture.dashboard.waitForStatus(id, 'completed');
  expect(completed).toMatchObject({ agentId: 'agent', exitCode: 0 });
  expect(completed).not.toHaveProperty('error');
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
  expect(await fixture.agent.waitForExecute(plain)).toMatchObject({
    session: 'continue',
    timeoutMs: 300_000,
  });
});

test('the times of a command are in order and stored', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  fixture.hub.clock.advance(1_000);
  fixture.agent.sendStarted(id);
  await fixture.dashboard.waitForStatus(id, 'running');
  fixture.hub.clock.advance(2_000);
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  const { requestedAt, startedAt, completedAt, requestedBy } =
    (await fixture.hub.store.commands.find(id)) ?? expect.unreachable();
  expect([startedAt, completedAt]).toEqual([requestedAt + 1_000, requestedAt + 3_000]);
  expect(requestedBy).toBe('ada');
});

const results: [Partial<CommandFinished>, string, number | null, string | null][] = [
  [{ outcome: 'completed', exitCode: 0 }, 'completed', 0, null],
  [{ outcome: 'completed', exitCode: 3 }, 'failed', 3, null],
  [{ outcome: 'failed', exitCode: 127 }, 'failed', 127, null],
  [{ outcome: 'failed', exitCode: null, signal: 'SIGSEGV' }, 'failed', null, null],
  [
    {
      outcome: 'failed',
      exitCode: null,
      error: { code: 'program_failed', message: 'The program failed.' },
    },
    'failed',
    null,
    'program_failed',
  ],
  [
    {
      outcome: 'failed',
      exitCode: null,
      error: { code: 'agent_crashed', message: 'The agent crashed.' },
    },
    'failed',
    null,
    'agent_crashed',
  ],
  [{ outcome: 'interrupted', exitCode: 130, signal: 'SIGINT' }, 'interrupted', null, null],
];

test.each(results)('a command with result %j is %s', async (result, status, exitCode, code) => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  fixture.agent.sendStarted(id);
  fixture.agent.sendFinished(id, result);
  const update = await fixture.dashboard.waitForStatus(id, status as never);
  expect(update.exitCode ?? null).toBe(exitCode);
  expect(update.error?.code ?? null).toBe(code as never);
  await fixture.agent.waitForAcknowledged(id);
  const stored = await fixture.hub.store.commands.find(id);
  expect(stored).toMatchObject({ status: status as never, exitCode });
  expect(stored?.error?.code ?? null).toBe(code as never);
  expect(stored?.signal ?? null).toBe(result.signal ?? null);
});

test('a command without command:started is running before it is completed', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  fixture.agent.sendFinished(id);
  await fixture.agent.waitForAcknowledged(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
  expect((await fixture.hub.store.commands.find(id))?.startedAt).toBe(fixture.hub.clock.now());
});

test('a later result is acknowledged and ignored', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  fixture.agent.run(id);
  await fixture.agent.waitForAcknowledged(id);
  fixture.agent.sendFinished(id, { outcome: 'failed', exitCode: 1 });
  fixture.agent.sendFinished('unknown');
  await fixture.agent.waitForAcknowledged('unknown');
  expect(fixture.agent.ofType('command:acknowledged')).toHaveLength(3);
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued', 'running', 'completed']);
  expect(await fixture.hub.store.commands.find(id)).toMatchObject({ status: 'completed' });
});

test('a result is acknowledged, and the next command sent, once it is committed', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
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

test('statuses stay in order while the disk fails for a while', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
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

test('late output is complete and acknowledged once its size is stored, as soon as the disk works again', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  await fixture.disconnectAgent();
  fixture.dashboard.send({ type: 'command:interrupt', commandId: id });
  await fixture.dashboard.waitForStatus(id, 'interrupted');
  const agent = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
  agent.sendOutput(id, 'late');
  await agent.waitForAck(id, 1);
  fixture.hub.store.fail((call) => call === 'commands.update');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await fixture.hub.store.waitForFault('commands.update');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  await Promise.all([agent.ping(), fixture.dashboard.ping()]);
  expect(agent.ofType('command:acknowledged')).toEqual([]);
  expect(fixture.dashboard.ofType('terminal:complete')).toEqual([]);
  fixture.hub.store.clearFaults();
  await fixture.hub.advance(1_000, agent, fixture.dashboard);
  await agent.waitForAcknowledged(id);
  await fixture.dashboard.waitForComplete(id);
  expect(await fixture.hub.store.commands.find(id)).toMatchObject({
    lastSequence: 0,
    totalBytes: 4,
  });
});

test('the size of late output is stored after the outcome, however long storing the outcome takes', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  const id = await fixture.startCommand();
  await fixture.disconnectAgent();
  hub.store.hold(
    (call, [, changes]) => call === 'commands.update' && Object.hasOwn(changes as object, 'status'),
  );
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await hub.store.waitForFault('commands.update');
  const agent = await fixture.reconnectAgent({ held: [createHeldCommand(id)] });
  agent.sendOutput(id, 'late');
  await agent.waitForAck(id, 1);
  await fixture.disconnectAgent();
  // The agent has lost the command, so its output is complete.
  await fixture.reconnectAgent({ held: [] });
  await hub.flush();
  hub.store.clearFaults();
  await dashboard.waitForStatus(id, 'interrupted');
  await dashboard.waitForComplete(id);
  expect(await hub.store.commands.find(id)).toMatchObject({
    status: 'interrupted',
    lastSequence: 0,
    totalBytes: 4,
    isOutputOpen: false,
  });
});

test('output that an agent sends after the result is ignored while the result is stored', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard, hub } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'done');
  hub.store.hold((call) => call === 'commands.update');
  agent.sendFinished(id);
  await hub.store.waitForFault('commands.update');
  agent.sendOutput(id, 'more');
  await agent.ping();
  hub.store.release();
  const { totalBytes } = await dashboard.waitForComplete(id);
  expect(totalBytes).toBe(4);
  expect(dashboard.outputOf(id)).toBe('done');
  expect(await hub.store.commands.find(id)).toMatchObject({ totalBytes: 4 });
});

test('a result is not marked as lost if its agent disconnects before it is stored', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard, hub } = fixture;
  const id = await fixture.startCommand();
  hub.store.hold((call) => call === 'output.append');
  agent.sendOutput(id, 'done');
  agent.sendFinished(id);
  await hub.store.waitForFault('output.append');
  await fixture.disconnectAgent();
  hub.store.release();
  await dashboard.waitForStatus(id, 'completed');
  expect(await hub.hub.history.find(id)).toMatchObject({ disconnectedAt: null });
});

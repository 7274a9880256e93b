// What agents report about a command: its conversation, its usage and its changes.
import { expect, test } from 'bun:test';
import type { CommandReport } from '../../../src/protocol/report.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { createHeldCommand } from '../../support/hub/scripted-agent.ts';

const report: CommandReport = {
  conversationId: 'conversation-1',
  usage: { used: 10, size: 100, cost: { amount: 0.25, currency: 'USD' } },
  changes: { files: 1, added: 2, removed: 3 },
};

const fetchCommand = async ({ hub }: HubFixture, commandId: string) =>
  (await hub.callApi('GET', `/commands/${commandId}`)).json();

test('a report is sent to every dashboard once it is committed', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.hub.store.hold((call) => call === 'commands.update');
  fixture.agent.send({ type: 'command:report', commandId, conversationId: 'conversation-1' });
  await fixture.hub.store.waitForFault('commands.update');
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('command:report')).toEqual([]);
  expect(await fetchCommand(fixture, commandId)).toMatchObject({ conversationId: null });
  fixture.hub.store.clearFaults();
  const update = await fixture.dashboard.waitFor('command:report');
  expect(update).toMatchObject({ commandId, agentId: 'agent', conversationId: 'conversation-1' });
  expect(await fetchCommand(fixture, commandId)).toMatchObject({
    conversationId: 'conversation-1',
    usage: null,
    changes: null,
    changesProblem: null,
  });
});

test('reports that arrive while another one is written are committed and published as one', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  const updates: unknown[] = [];
  fixture.hub.store.hold((call, [id, changes]) => {
    const isUpdate = call === 'commands.update' && id === commandId;
    if (isUpdate) updates.push(changes);
    return isUpdate;
  });
  const changes = { files: 1, added: 2, removed: 3 };
  fixture.agent.send({ type: 'command:report', commandId, conversationId: 'first', changes });
  await fixture.hub.store.waitForFault('commands.update');
  for (let used = 1; used <= 1_000; used++) {
    fixture.agent.send({ type: 'command:report', commandId, usage: { used, size: 1_000 } });
  }
  fixture.agent.send({ type: 'command:report', commandId, conversationId: 'last' });
  await fixture.agent.ping();
  fixture.hub.store.clearFaults();
  const merged = { conversationId: 'last', usage: { used: 1_000, size: 1_000 } };
  const isLast = (message: CommandReport) => message.conversationId === 'last';
  expect(await fixture.dashboard.waitFor('command:report', isLast)).toMatchObject(merged);
  expect(fixture.dashboard.ofType('command:report')).toHaveLength(2);
  expect(updates).toEqual([{ conversationId: 'first', changes }]);
  expect(await fetchCommand(fixture, commandId)).toMatchObject({ ...merged, changes });
});

test('the report in the result replaces reports that are not written yet', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.hub.store.hold((call) => call === 'commands.update');
  fixture.agent.send({ type: 'command:report', commandId, conversationId: 'first' });
  await fixture.hub.store.waitForFault('commands.update');
  const waiting = { conversationId: 'second', usage: { used: 1, size: 2 } };
  fixture.agent.send({ type: 'command:report', commandId, ...waiting });
  fixture.agent.sendFinished(commandId, { report: { conversationId: 'third' } });
  await fixture.agent.ping();
  fixture.hub.store.clearFaults();
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  expect(await fetchCommand(fixture, commandId)).toMatchObject({
    ...waiting,
    conversationId: 'third',
  });
});

test('a result that is repeated while it is written is acknowledged once', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.hub.store.hold((call) => call === 'commands.update');
  for (let i = 0; i < 1_000; i++) fixture.agent.sendFinished(commandId);
  await fixture.hub.store.waitForFault('commands.update');
  await fixture.agent.ping();
  fixture.hub.store.clearFaults();
  await fixture.agent.waitForAcknowledged(commandId);
  await fixture.agent.ping();
  expect(fixture.agent.ofType('command:acknowledged')).toHaveLength(1);
  fixture.agent.sendFinished(commandId);
  await fixture.agent.waitUntil(
    () => fixture.agent.ofType('command:acknowledged')[1],
    'another acknowledgement',
  );
});

test('a report in the result is stored with it', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.agent.sendFinished(commandId, { report });
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  expect(await fetchCommand(fixture, commandId)).toMatchObject({ status: 'completed', ...report });
});

test('the report of a failed or interrupted command is stored', async () => {
  await using fixture = await startHubFixture();
  for (const outcome of ['failed', 'interrupted'] as const) {
    const commandId = await fixture.startCommand('Fix it');
    fixture.agent.sendFinished(commandId, { outcome, exitCode: null, report });
    await fixture.dashboard.waitForStatus(commandId, outcome);
    expect(await fetchCommand(fixture, commandId)).toMatchObject({ status: outcome, ...report });
  }
});

test('a report changes no other fields of the command', async () => {
  await using fixture = await startHubFixture();
  const other = await fixture.startCommand('!other');
  fixture.agent.sendFinished(other, { outcome: 'failed', exitCode: 7 });
  await fixture.dashboard.waitForStatus(other, 'failed');
  const before = await fetchCommand(fixture, other);
  const foreignFields = {
    id: other,
    status: 'completed',
    exitCode: 0,
    requestedBy: null,
    completedAt: 1,
  };
  const commandId = await fixture.startCommand('Fix it');
  fixture.agent.send({ type: 'command:report', commandId, ...report, ...foreignFields } as never);
  await fixture.dashboard.waitFor('command:report');
  expect(await fetchCommand(fixture, commandId)).toMatchObject({
    id: commandId,
    status: 'running',
  });
  fixture.agent.sendFinished(commandId, {
    outcome: 'failed',
    exitCode: 3,
    report: { ...report, ...foreignFields },
  });
  await fixture.dashboard.waitForStatus(commandId, 'failed');
  const after = await fetchCommand(fixture, commandId);
  expect(after).toMatchObject({ id: commandId, status: 'failed', exitCode: 3, ...report });
  expect(after.requestedBy).toBe(before.requestedBy);
  expect(await fetchCommand(fixture, other)).toEqual(before);
});

test('the report of a command that ended while its agent was offline is stored when the agent reconnects', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  await fixture.disconnectAgent();
  fixture.dashboard.send({ type: 'command:interrupt', commandId });
  await fixture.dashboard.waitForStatus(commandId, 'interrupted');
  const held = [createHeldCommand(commandId)];
  const reconnected = await fixture.reconnectAgent({ held });
  reconnected.sendFinished(commandId, { outcome: 'interrupted', exitCode: null, report });
  await reconnected.waitForAcknowledged(commandId);
  await fixture.hub.flush();
  expect(await fetchCommand(fixture, commandId)).toMatchObject({
    status: 'interrupted',
    ...report,
  });
});

test('an empty report is ignored', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.agent.send({ type: 'command:report', commandId });
  fixture.agent.sendFinished(commandId, { report: {} });
  await fixture.dashboard.waitForStatus(commandId, 'completed');
  expect(fixture.dashboard.ofType('command:report')).toEqual([]);
  expect(fixture.hub.hub.storeHealth.failure()).toBeNull();
});

test('the report of a command that its agent does not have is ignored', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('Fix it');
  fixture.agent.sendFinished(commandId);
  await fixture.agent.waitForAcknowledged(commandId);
  fixture.agent.send({ type: 'command:report', commandId, ...report });
  fixture.agent.send({ type: 'command:report', commandId: 'unknown', ...report });
  await fixture.agent.ping();
  await fixture.dashboard.ping();
  expect(fixture.dashboard.ofType('command:report')).toEqual([]);
  expect(await fetchCommand(fixture, commandId)).toMatchObject({ conversationId: null });
});

test('commands can be found by their conversation', async () => {
  await using fixture = await startHubFixture();
  const first = await fixture.startCommand('Fix it');
  fixture.agent.sendFinished(first, { report });
  await fixture.dashboard.waitForStatus(first, 'completed');
  const second = await fixture.startCommand('Fix it again');
  const ids = async (query: string) => {
    const page = await (await fixture.hub.callApi('GET', `/commands?${query}`)).json();
    return page.items.map(({ id }: { id: string }) => id);
  };
  expect(await ids('conversationId=conversation-1')).toEqual([first]);
  expect(await ids('')).toEqual([second, first]);
});

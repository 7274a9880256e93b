// Approval requests while the disk fails, across restarts, and from agents that repeat or forge them.
import { describe, expect, test } from 'bun:test';
import { approvalOptions, requestApproval, sendApprovalRequest } from '../support/hub/approvals.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

/** Ends a command while a response to its approval request is being stored. */
async function endDuringResponse({ hub, agent, dashboard, startCommand }: HubFixture) {
  const commandId = await startCommand();
  const { approvalId } = await requestApproval({ agent, dashboard }, commandId);
  hub.store.hold((call) => call === 'approvals.update');
  dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
  await hub.store.waitForFault('approvals.update');
  agent.sendFinished(commandId);
  await dashboard.waitForStatus(commandId, 'completed');
  return { commandId, approvalId };
}

describe('while the disk fails', () => {
  test('a request is published as soon as it can be stored', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand();
    fixture.hub.store.fail((call) => call === 'approvals.insert');
    const { approvalId } = sendApprovalRequest(fixture, commandId);
    await fixture.hub.store.waitForFault('approvals.insert');
    await fixture.agent.ping();
    expect(fixture.hub.hub.approvals.listPending()).toEqual([]);
    fixture.hub.store.clearFaults();
    await fixture.hub.advance(1_000, fixture.agent, fixture.dashboard);
    await fixture.dashboard.waitFor(
      'approval:request',
      (message) => message.approvalId === approvalId,
    );
  });

  test('a request of an ended command is cancelled as soon as it can be stored', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand();
    const { approvalId } = await requestApproval(fixture, commandId);
    fixture.hub.store.fail((call) => call === 'approvals.update');
    fixture.agent.sendFinished(commandId);
    await fixture.hub.store.waitForFault('approvals.update');
    await fixture.agent.ping();
    fixture.hub.store.clearFaults();
    await fixture.hub.advance(1_000, fixture.agent, fixture.dashboard);
    const resolved = await fixture.dashboard.waitFor('approval:resolved');
    expect(resolved).toMatchObject({ approvalId, outcome: 'cancelled' });
  });

  test.each([
    ['fails', false],
    ['is being stored', true],
  ])(
    'a request whose command ends while it %s is cancelled, and only published if it is stored',
    async (_name, isStored) => {
      await using fixture = await startHubFixture();
      const { hub, agent, dashboard } = fixture;
      const commandId = await fixture.startCommand();
      if (isStored) hub.store.hold((call) => call === 'approvals.insert');
      else hub.store.fail((call) => call === 'approvals.insert');
      const { approvalId } = sendApprovalRequest(fixture, commandId);
      await hub.store.waitForFault('approvals.insert');
      agent.sendFinished(commandId);
      await dashboard.waitForStatus(commandId, 'completed');
      hub.store.clearFaults();
      await hub.advance(2_000, agent, dashboard);
      const resolved = await agent.waitFor('approval:resolved');
      expect(resolved).toMatchObject({ approvalId, outcome: 'cancelled' });
      expect(dashboard.ofType('approval:resolved')).toHaveLength(isStored ? 1 : 0);
      agent.send({ type: 'approval:applied', approvalId });
      await agent.ping();
      await dashboard.ping();
      const rows = await hub.hub.approvals.listByCommand(commandId);
      expect(rows.map(({ outcome }) => outcome)).toEqual(isStored ? ['cancelled'] : []);
      expect(dashboard.ofType('approval:request')).toEqual([]);
      expect(dashboard.ofType('approval:applied')).toEqual([]);
    },
  );

  test('a response that races with the end of its command leaves no pending request', async () => {
    await using fixture = await startHubFixture();
    const { hub, dashboard } = fixture;
    const { commandId, approvalId } = await endDuringResponse(fixture);
    hub.store.clearFaults();
    await dashboard.waitFor('approval:resolved', (message) => message.approvalId === approvalId);
    const [row] = await hub.hub.approvals.listByCommand(commandId);
    expect(row?.outcome).not.toBeNull();
    expect(hub.hub.approvals.listPending()).toEqual([]);
  });

  test('a response while the end of its command is being stored is rejected', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const commandId = await fixture.startCommand();
    const { approvalId } = await requestApproval(fixture, commandId);
    hub.store.hold((call) => call === 'commands.update');
    agent.sendFinished(commandId);
    await hub.store.waitForFault('commands.update');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    expect((await dashboard.waitForError('approval_unknown')).message).toContain('no longer');
    hub.store.release();
    expect(await dashboard.waitFor('approval:resolved')).toMatchObject({ outcome: 'cancelled' });
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([
      { outcome: 'cancelled' },
    ]);
  });

  test('a response does not reach the agent before it is stored', async () => {
    await using fixture = await startHubFixture();
    const { hub, dashboard } = fixture;
    const commandId = await fixture.startCommand();
    const { approvalId } = await requestApproval(fixture, commandId);
    hub.store.hold((call) => call === 'approvals.update');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await hub.store.waitForFault('approvals.update');
    const agent = await fixture.reconnectAgent({ held: [createHeldCommand(commandId)] });
    await agent.ping();
    expect(agent.ofType('approval:resolved')).toEqual([]);
    hub.store.fail((call) => call === 'approvals.update');
    hub.store.release();
    await dashboard.waitFor('error', ({ code }) => code === 'unavailable');
    expect(hub.hub.approvals.listPending()).toHaveLength(1);
    hub.store.clearFaults();
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'no' });
    expect(await agent.waitFor('approval:resolved')).toMatchObject({ optionId: 'no' });
  });

  test('a response is rejected as unavailable, and accepted later', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const { approvalId } = await requestApproval(fixture, await fixture.startCommand());
    const response = { type: 'approval:respond', approvalId, optionId: 'yes' } as const;
    hub.store.fail((call) => call === 'approvals.update');
    dashboard.send(response);
    await dashboard.waitForError('unavailable');
    expect(hub.hub.storeHealth.failure()).not.toBeNull();
    expect(hub.hub.approvals.listPending()).toHaveLength(1);
    hub.store.clearFaults();
    dashboard.send(response);
    expect(await agent.waitFor('approval:resolved')).toMatchObject({ optionId: 'yes' });
  });

  test('a failed response after the end of its command cancels the request', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const { commandId, approvalId } = await endDuringResponse(fixture);
    hub.store.fail((call) => call === 'approvals.update');
    hub.store.release();
    await dashboard.waitFor('error', ({ code }) => code === 'unavailable');
    await agent.ping();
    hub.store.clearFaults();
    await hub.advance(1_000, agent, dashboard);
    const resolved = await dashboard.waitFor('approval:resolved');
    expect(resolved).toMatchObject({ approvalId, outcome: 'cancelled' });
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([
      { outcome: 'cancelled' },
    ]);
  });
});

describe('a repeated request', () => {
  test('is answered again and not reported as a failing disk', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const commandId = await fixture.startCommand();
    const request = await requestApproval(fixture, commandId);
    const { approvalId } = request;
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await agent.waitFor('approval:resolved');
    agent.send({ type: 'approval:applied', approvalId });
    await dashboard.waitFor('approval:applied');
    agent.send(request);
    await agent.ping();
    await hub.flush();
    await agent.ping();
    expect(agent.ofType('approval:resolved')).toHaveLength(2);
    expect(hub.hub.storeHealth.failure()).toBeNull();
    expect(agent.ofType('hub:storage')).toEqual([]);
    expect((await hub.callApi('GET', '/commands')).status).toBe(200);
    expect(dashboard.ofType('approval:request')).toHaveLength(1);
    expect(hub.hub.approvals.listPending()).toEqual([]);
    expect(hub.hub.registry.find('agent')?.waitingForApproval).toBe(false);
  });

  test('is ignored while it is pending, and so is its confirmation', async () => {
    await using fixture = await startHubFixture();
    const { agent, dashboard } = fixture;
    const request = await requestApproval(fixture, await fixture.startCommand());
    const { approvalId } = request;
    agent.send(request);
    agent.send({ type: 'approval:applied', approvalId });
    await agent.ping();
    expect(agent.ofType('approval:resolved')).toEqual([]);
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    expect(await agent.waitFor('approval:resolved')).toMatchObject({ optionId: 'yes' });
    expect(dashboard.ofType('approval:request')).toHaveLength(1);
  });

  test('from another agent reveals and changes nothing', async () => {
    await using fixture = await startHubFixture();
    const { hub, dashboard } = fixture;
    const commandId = await fixture.startCommand();
    const { approvalId } = await requestApproval(fixture, commandId);
    const other = await connectAgent(hub, { agentId: 'other' });
    const own = await dashboard.request('!own', { agentId: 'other' });
    await other.waitForExecute(own);
    other.sendStarted(own);
    await dashboard.waitForStatus(own, 'running');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await fixture.agent.waitFor('approval:resolved');
    other.send({
      type: 'approval:request',
      approvalId,
      commandId: own,
      title: 'Mine?',
      options: approvalOptions,
    });
    other.send({ type: 'approval:applied', approvalId });
    await other.ping();
    await hub.flush();
    expect(other.ofType('approval:resolved')).toEqual([]);
    expect(dashboard.ofType('approval:applied')).toEqual([]);
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([{ appliedAt: null }]);
  });
});

test('resolutions of ended commands are not sent again on reconnect', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const commandId = await fixture.startCommand();
  await requestApproval(fixture, commandId);
  agent.sendFinished(commandId);
  await dashboard.waitFor('approval:resolved');
  await agent.waitForAcknowledged(commandId);
  const back = await connectAgent(hub, { token: agent.token });
  await back.ping();
  expect(back.ofType('approval:resolved')).toEqual([]);
});

describe('across a restart', () => {
  test('waiting for a pending request does not count against the timeout', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    const commandId = await fixture.startCommand('!slow', { timeoutMs: 60_000 });
    await fixture.hub.advance(5_000, fixture.agent, fixture.dashboard);
    const { approvalId } = await requestApproval(fixture, commandId);
    await fixture.hub.advance(600_000, fixture.agent, fixture.dashboard);
    await using hub = await fixture.hub.restart();
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, {
      token: fixture.agent.token,
      held: [createHeldCommand(commandId)],
    });
    await hub.advance(10_000, agent, dashboard);
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await agent.waitFor('approval:resolved');
    await hub.advance(54_000, agent, dashboard);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    await hub.advance(2_000, agent, dashboard);
    expect((await agent.waitFor('command:interrupt')).reason).toBe('timeout');
  });

  test('the pending requests of commands that have ended are cancelled', async () => {
    await using fixture = await startHubFixture({ onDisk: true });
    const commandId = await fixture.startCommand();
    await requestApproval(fixture, commandId);
    fixture.hub.store.fail((call) => call === 'approvals.update');
    fixture.agent.sendFinished(commandId);
    await fixture.dashboard.waitForStatus(commandId, 'completed');
    await using hub = await fixture.hub.crash();
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([
      { outcome: 'cancelled' },
    ]);
  });
});

test('after a restart, the time that a command waited for approval does not count against its timeout', async () => {
  await using before = await startHubFixture({ onDisk: true });
  const { agent, dashboard } = before;
  const commandId = await before.startCommand('!slow', { timeoutMs: 60_000 });
  const request = async () => (await requestApproval(before, commandId)).approvalId;
  const advance = (ms: number) => before.hub.advance(ms, agent, dashboard);
  await advance(5_000);
  const first = await request();
  await advance(5_000);
  const overlapping = await request();
  for (const approvalId of [first, overlapping]) {
    await advance(10_000);
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await agent.waitFor('approval:resolved', (message) => message.approvalId === approvalId);
  }
  await advance(5_000);
  const pending = [await request()];
  await advance(5_000);
  pending.push(await request());

  await using hub = await before.hub.restart(100_000);
  const held = [createHeldCommand(commandId)];
  const back = await connectAgent(hub, { token: agent.token, held });
  const other = await connectDashboard(hub);
  for (const approvalId of pending) {
    other.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await back.waitFor('approval:resolved', (message) => message.approvalId === approvalId);
  }
  // It ran for 10 s without a pending request.
  await hub.advance(49_999, back, other);
  expect(back.ofType('command:interrupt')).toEqual([]);
  hub.clock.advance(1);
  expect(await back.waitFor('command:interrupt')).toMatchObject({ reason: 'timeout' });
});

test('a pending request of a command that ended before a crash is cancelled', async () => {
  await using before = await startHubFixture({ onDisk: true });
  const commandId = await before.startCommand();
  await requestApproval(before, commandId);
  before.hub.store.hold((call) => call === 'approvals.update');
  before.agent.sendFinished(commandId);
  await before.agent.waitForAcknowledged(commandId);
  await using hub = await before.hub.crash();
  expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([
    { outcome: 'cancelled' },
  ]);
});

test('a pending approval request pauses the timeout also if the agent reconnects', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  const commandId = await fixture.startCommand('!slow', { timeoutMs: 60_000 });
  const held = [createHeldCommand(commandId)];
  const agent = await fixture.reconnectAgent({ held });
  await requestApproval({ agent, dashboard }, commandId);
  const again = await fixture.reconnectAgent({ held });
  await hub.advance(70_000, again, dashboard);
  expect(again.ofType('command:interrupt')).toEqual([]);
});

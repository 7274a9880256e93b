// Approval requests while the disk fails, across restarts, and from agents that repeat or forge them.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

const options = [
  { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
];

function sendRequest({ agent }: Pick<HubFixture, 'agent'>, commandId: string) {
  const approvalId = crypto.randomUUID();
  const title = 'Edit a file?';
  const request = { type: 'approval:request', approvalId, commandId, title, options } as const;
  agent.send(request);
  return request;
}

async function ask(on: Pick<HubFixture, 'agent' | 'dashboard'>, commandId: string) {
  const request = sendRequest(on, commandId);
  const { approvalId } = request;
  await on.dashboard.waitFor('approval:request', (message) => message.approvalId === approvalId);
  return request;
}

const heldBy = (commandId: string) => [
  { commandId, attempt: 1, firstSequence: 0, nextSequence: 0, lostBytes: 0, finished: false },
];

describe('while the disk fails', () => {
  test('a request is published as soon as it can be stored', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand();
    on.hub.store.fail((call) => call === 'approvals.insert');
    const { approvalId } = sendRequest(on, commandId);
    await on.hub.store.waitForFault('approvals.insert');
    await on.agent.ping();
    on.hub.store.clearFaults();
    await on.hub.advance(1_000, on.agent, on.dashboard);
    await on.dashboard.waitFor('approval:request', (message) => message.approvalId === approvalId);
  });

  test('a request of an ended command is cancelled as soon as it can be stored', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand();
    const { approvalId } = await ask(on, commandId);
    on.hub.store.fail((call) => call === 'approvals.update');
    on.agent.sendFinished(commandId);
    await on.hub.store.waitForFault('approvals.update');
    await on.agent.ping();
    on.hub.store.clearFaults();
    await on.hub.advance(1_000, on.agent, on.dashboard);
    const resolved = await on.dashboard.waitFor('approval:resolved');
    expect(resolved).toMatchObject({ approvalId, outcome: 'cancelled' });
  });

  test('a response that races with the end of its command leaves no pending request', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const commandId = await on.startCommand();
    const { approvalId } = await ask(on, commandId);
    hub.store.hold((call) => call === 'approvals.update');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await hub.store.waitForFault('approvals.update');
    agent.sendFinished(commandId);
    await dashboard.waitForStatus(commandId, 'completed');
    hub.store.clearFaults();
    await dashboard.waitFor('approval:resolved', (message) => message.approvalId === approvalId);
    const [row] = await hub.hub.approvals.listByCommand(commandId);
    expect(row?.outcome).not.toBeNull();
    expect(hub.hub.approvals.listPending()).toEqual([]);
  });

  test('a failed response after the end of its command cancels the request', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const commandId = await on.startCommand();
    const { approvalId } = await ask(on, commandId);
    hub.store.hold((call) => call === 'approvals.update');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await hub.store.waitForFault('approvals.update');
    agent.sendFinished(commandId);
    await dashboard.waitForStatus(commandId, 'completed');
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
  test('is answered again and is not taken for a failing disk', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const commandId = await on.startCommand();
    const request = await ask(on, commandId);
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
  });

  test('of another agent reveals nothing and changes nothing', async () => {
    await using on = await startHubFixture();
    const { hub, dashboard } = on;
    const commandId = await on.startCommand();
    const { approvalId } = await ask(on, commandId);
    const other = await connectAgent(hub, { agentId: 'other' });
    const own = await dashboard.request('!own', { agentId: 'other' });
    await other.waitForExecute(own);
    other.sendStarted(own);
    await dashboard.waitForStatus(own, 'running');
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await on.agent.waitFor('approval:resolved');
    other.send({ type: 'approval:request', approvalId, commandId: own, title: 'Mine?', options });
    other.send({ type: 'approval:applied', approvalId });
    await other.ping();
    await hub.flush();
    expect(other.ofType('approval:resolved')).toEqual([]);
    expect(dashboard.ofType('approval:applied')).toEqual([]);
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([{ appliedAt: null }]);
  });
});

test('resolutions of ended commands are not sent again on reconnect', async () => {
  await using on = await startHubFixture();
  const { hub, agent, dashboard } = on;
  const commandId = await on.startCommand();
  await ask(on, commandId);
  agent.sendFinished(commandId);
  await dashboard.waitFor('approval:resolved');
  await agent.waitForAcknowledged(commandId);
  const back = await connectAgent(hub, { token: agent.token });
  await back.ping();
  expect(back.ofType('approval:resolved')).toEqual([]);
});

describe('across a restart', () => {
  test('waiting for a pending request does not count against the timeout', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const commandId = await on.startCommand('!slow', { timeoutMs: 60_000 });
    await on.hub.advance(5_000, on.agent, on.dashboard);
    const { approvalId } = await ask(on, commandId);
    await on.hub.advance(600_000, on.agent, on.dashboard);
    await using hub = await on.hub.restart();
    const dashboard = await connectDashboard(hub);
    const agent = await connectAgent(hub, { token: on.agent.token, held: heldBy(commandId) });
    await hub.advance(10_000, agent, dashboard);
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await agent.waitFor('approval:resolved');
    await hub.advance(54_000, agent, dashboard);
    expect(agent.ofType('command:interrupt')).toEqual([]);
    await hub.advance(2_000, agent, dashboard);
    expect((await agent.waitFor('command:interrupt')).reason).toBe('timeout');
  });

  test('the pending requests of commands that have ended are cancelled', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const commandId = await on.startCommand();
    await ask(on, commandId);
    on.hub.store.fail((call) => call === 'approvals.update');
    on.agent.sendFinished(commandId);
    await on.dashboard.waitForStatus(commandId, 'completed');
    await using hub = await on.hub.crash();
    expect(await hub.hub.approvals.listByCommand(commandId)).toMatchObject([
      { outcome: 'cancelled' },
    ]);
  });
});

// Approval requests: who receives them, whose response counts and how they end.
import { expect, test } from 'bun:test';
import { approvalOptions, requestApproval, sendApprovalRequest } from '../support/hub/approvals.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';

test('an approval request is sent to every dashboard, also to later ones, and marks its agent as waiting', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand();
  const { approvalId } = await requestApproval(fixture, commandId);
  const later = await connectDashboard(fixture.hub);
  expect(await later.waitFor('approval:request')).toMatchObject({
    approvalId,
    commandId,
    title: 'Edit a file?',
    detail: '-a\n+b',
    options: approvalOptions,
  });
  expect(fixture.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: true });
  await fixture.dashboard.waitFor('agent:updated');
});

test('the first response counts, every dashboard receives its user, and a second one is rejected', async () => {
  await using fixture = await startHubFixture();
  const { approvalId } = await requestApproval(fixture, await fixture.startCommand());
  const other = await connectDashboard(fixture.hub);
  other.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
  const resolution = { approvalId, outcome: 'selected', optionId: 'yes' };
  expect(await fixture.agent.waitFor('approval:resolved')).toMatchObject(resolution);
  const { resolvedBy } = await fixture.dashboard.waitFor('approval:resolved');
  fixture.dashboard.send({ type: 'approval:respond', approvalId, optionId: 'no' });
  const error = await fixture.dashboard.waitFor('error');
  expect(error.code).toBe('approval_unknown');
  expect(error.message).toContain(String(resolvedBy));
  expect(fixture.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: false });
});

test.each([
  ['an unknown option', { optionId: 'perhaps' }, 'operator', 'invalid_message'],
  ['the viewer role', { optionId: 'yes' }, 'viewer', 'forbidden'],
] as const)('a response with %s is rejected', async (_name, response, role, code) => {
  await using fixture = await startHubFixture();
  const { approvalId } = await requestApproval(fixture, await fixture.startCommand());
  const dashboard = await connectDashboard(fixture.hub, { role });
  dashboard.send({ type: 'approval:respond', approvalId, ...response });
  expect((await dashboard.waitFor('error')).code).toBe(code);
  expect(fixture.hub.hub.approvals.listPending()).toHaveLength(1);
});

test('a pending approval request pauses the timeout of its command', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand('!slow', { timeoutMs: 60_000 });
  await fixture.hub.advance(5_000, fixture.agent, fixture.dashboard);
  const first = await requestApproval(fixture, commandId);
  await fixture.hub.advance(120_000, fixture.agent, fixture.dashboard);
  const second = await requestApproval(fixture, commandId);
  for (const { approvalId } of [first, second]) {
    fixture.dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await fixture.agent.waitFor('approval:resolved', (m) => m.approvalId === approvalId);
  }
  await fixture.hub.advance(54_000, fixture.agent, fixture.dashboard);
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
  await fixture.hub.advance(2_000, fixture.agent, fixture.dashboard);
  expect((await fixture.agent.waitFor('command:interrupt')).reason).toBe('timeout');
});

test('an interrupt cancels the approval requests of its command', async () => {
  await using fixture = await startHubFixture();
  const commandId = await fixture.startCommand();
  await requestApproval(fixture, commandId);
  fixture.dashboard.send({ type: 'command:interrupt', commandId });
  expect((await fixture.dashboard.waitFor('approval:resolved')).outcome).toBe('cancelled');
  expect((await fixture.agent.waitFor('approval:resolved')).outcome).toBe('cancelled');
});

test('an approval request survives a restart, and its response is sent until the agent confirms it', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const commandId = await fixture.startCommand();
  const { approvalId } = await requestApproval(fixture, commandId);
  await using hub = await fixture.hub.restart();
  const dashboard = await connectDashboard(hub);
  expect((await dashboard.waitFor('approval:request')).approvalId).toBe(approvalId);
  dashboard.send({ type: 'approval:respond', approvalId, optionId: 'no' });
  await dashboard.waitFor('approval:resolved');
  const held = [createHeldCommand(commandId)];
  const agent = await connectAgent(hub, { token: fixture.agent.token, held });
  const response = { approvalId, outcome: 'selected', optionId: 'no' };
  expect(await agent.waitFor('approval:resolved')).toMatchObject(response);
  agent.send({ type: 'approval:applied', approvalId });
  await agent.ping();
  const [row] = await hub.hub.approvals.listByCommand(commandId);
  expect(row).toMatchObject({ outcome: 'selected', optionId: 'no' });
  expect(row?.appliedAt).toBeNumber();
  const back = await connectAgent(hub, { token: fixture.agent.token, held });
  await back.ping();
  expect(back.ofType('approval:resolved')).toEqual([]);
});

test('an agent can have 100 pending requests: more are cancelled at once, and not stored', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent } = fixture;
  const commandId = await fixture.startCommand();
  const requests = Array.from({ length: 101 }, () => sendApprovalRequest(fixture, commandId));
  const rejected = await agent.waitFor('approval:resolved');
  expect(rejected).toMatchObject({
    approvalId: requests[100]?.approvalId,
    outcome: 'cancelled',
  });
  await hub.flush();
  expect(hub.hub.approvals.listPending()).toHaveLength(100);
  expect(await hub.hub.approvals.listByCommand(commandId)).toHaveLength(100);
  const user = { userId: 'ada', role: 'operator' as const, agents: null };
  await hub.hub.approvals.respond(user, requests[0]!.approvalId, 'yes');
  await requestApproval(fixture, commandId);
});

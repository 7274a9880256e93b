// Questions that agents ask before they act: who sees them, whose answer counts, and what becomes of them in trouble.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../support/hub/hub-fixture.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';

const options = [
  { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
];

/** The agent asks, and everyone has heard it. */
async function ask(
  { agent, dashboard }: Pick<HubFixture, 'agent' | 'dashboard'>,
  commandId: string,
) {
  const approvalId = crypto.randomUUID();
  const title = 'May I edit a file?';
  agent.send({ type: 'approval:request', approvalId, commandId, title, detail: '-a\n+b', options });
  await dashboard.waitFor('approval:request', (request) => request.approvalId === approvalId);
  return approvalId;
}

describe('a question', () => {
  test('is told to every dashboard, also to one that comes later, and its agent is seen to wait', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand();
    const approvalId = await ask(on, commandId);
    const later = await connectDashboard(on.hub);
    expect(await later.waitFor('approval:request')).toMatchObject({
      approvalId,
      commandId,
      title: 'May I edit a file?',
      detail: '-a\n+b',
      options,
    });
    expect(on.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: true });
  });

  test('takes the first answer, tells everyone who gave it, and refuses a second', async () => {
    await using on = await startHubFixture();
    const approvalId = await ask(on, await on.startCommand());
    const other = await connectDashboard(on.hub);
    other.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    const told = { approvalId, outcome: 'selected', optionId: 'yes' };
    expect(await on.agent.waitFor('approval:resolved')).toMatchObject(told);
    const { resolvedBy } = await on.dashboard.waitFor('approval:resolved');
    on.dashboard.send({ type: 'approval:respond', approvalId, optionId: 'no' });
    const refusal = await on.dashboard.waitFor('error');
    expect(refusal.code).toBe('approval_unknown');
    expect(refusal.message).toContain(String(resolvedBy));
    expect(on.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: false });
  });

  test.each([
    ['an answer it does not offer', { optionId: 'perhaps' }, 'operator', 'invalid_message'],
    ['a viewer', { optionId: 'yes' }, 'viewer', 'forbidden'],
  ] as const)('is not answered by %s', async (_, answer, role, code) => {
    await using on = await startHubFixture();
    const approvalId = await ask(on, await on.startCommand());
    const dashboard = await connectDashboard(on.hub, { role });
    dashboard.send({ type: 'approval:respond', approvalId, ...answer });
    expect((await dashboard.waitFor('error')).code).toBe(code);
    expect(on.hub.hub.approvals.listPending()).toHaveLength(1);
  });

  test('stands still the time-out of its command', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('!slow', { timeoutMs: 60_000 });
    await on.hub.advance(5_000, on.agent, on.dashboard);
    const approvalId = await ask(on, commandId);
    await on.hub.advance(120_000, on.agent, on.dashboard);
    on.dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await on.agent.waitFor('approval:resolved');
    await on.hub.advance(54_000, on.agent, on.dashboard);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
    await on.hub.advance(2_000, on.agent, on.dashboard);
    expect((await on.agent.waitFor('command:interrupt')).reason).toBe('timeout');
  });

  test('is cancelled by an interrupt of its command', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand();
    await ask(on, commandId);
    on.dashboard.send({ type: 'command:interrupt', commandId });
    expect((await on.dashboard.waitFor('approval:resolved')).outcome).toBe('cancelled');
    expect((await on.agent.waitFor('approval:resolved')).outcome).toBe('cancelled');
  });

  test('survives a restart of the hub, and its answer is repeated until the agent has it', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const commandId = await on.startCommand();
    const approvalId = await ask(on, commandId);
    await using again = await on.hub.restart();
    const dashboard = await connectDashboard(again);
    expect((await dashboard.waitFor('approval:request')).approvalId).toBe(approvalId);
    dashboard.send({ type: 'approval:respond', approvalId, optionId: 'no' });
    await dashboard.waitFor('approval:resolved');
    const held = [
      { commandId, attempt: 1, firstSequence: 0, nextSequence: 0, lostBytes: 0, finished: false },
    ];
    const agent = await connectAgent(again, { token: on.agent.token, held });
    const answer = { approvalId, outcome: 'selected', optionId: 'no' };
    expect(await agent.waitFor('approval:resolved')).toMatchObject(answer);
    agent.send({ type: 'approval:applied', approvalId });
    await agent.ping();
    const [row] = await again.hub.approvals.listByCommand(commandId);
    expect(row).toMatchObject({ outcome: 'selected', optionId: 'no' });
    expect(row?.appliedAt).toBeNumber();
  });
});

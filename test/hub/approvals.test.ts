// Questions that agents ask before they act: who sees them, whose answer counts, and what becomes of them in trouble.
import { describe, expect, test } from 'bun:test';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { createStage, type Stage } from '../support/hub/stage.ts';

const options = [
  { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
];

/** The agent asks, and everyone has heard it. */
async function ask({ agent, dashboard }: Pick<Stage, 'agent' | 'dashboard'>, commandId: string) {
  const approvalId = crypto.randomUUID();
  const title = 'May I edit a file?';
  agent.say({ type: 'approval:request', approvalId, commandId, title, detail: '-a\n+b', options });
  await dashboard.find('approval:request', (request) => request.approvalId === approvalId);
  return approvalId;
}

describe('a question', () => {
  test('is told to every dashboard, also to one that comes later, and its agent is seen to wait', async () => {
    await using on = await createStage();
    const commandId = await on.running();
    const approvalId = await ask(on, commandId);
    const later = await connectDashboard(on.hub);
    expect(await later.find('approval:request')).toMatchObject({
      approvalId,
      commandId,
      title: 'May I edit a file?',
      detail: '-a\n+b',
      options,
    });
    expect(on.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: true });
  });

  test('takes the first answer, tells everyone who gave it, and refuses a second', async () => {
    await using on = await createStage();
    const approvalId = await ask(on, await on.running());
    const other = await connectDashboard(on.hub);
    other.say({ type: 'approval:respond', approvalId, optionId: 'yes' });
    const told = { approvalId, outcome: 'selected', optionId: 'yes' };
    expect(await on.agent.find('approval:resolved')).toMatchObject(told);
    const { resolvedBy } = await on.dashboard.find('approval:resolved');
    on.dashboard.say({ type: 'approval:respond', approvalId, optionId: 'no' });
    const refusal = await on.dashboard.find('error');
    expect(refusal.code).toBe('approval_unknown');
    expect(refusal.message).toContain(String(resolvedBy));
    expect(on.hub.hub.registry.list()[0]).toMatchObject({ waitingForApproval: false });
  });

  test.each([
    ['an answer it does not offer', { optionId: 'perhaps' }, 'operator', 'invalid_message'],
    ['a viewer', { optionId: 'yes' }, 'viewer', 'forbidden'],
  ] as const)('is not answered by %s', async (_, answer, role, code) => {
    await using on = await createStage();
    const approvalId = await ask(on, await on.running());
    const dashboard = await connectDashboard(on.hub, { role });
    dashboard.say({ type: 'approval:respond', approvalId, ...answer });
    expect((await dashboard.find('error')).code).toBe(code);
    expect(on.hub.hub.approvals.listPending()).toHaveLength(1);
  });

  test('stands still the time-out of its command', async () => {
    await using on = await createStage();
    const commandId = await on.running('!slow', { timeoutMs: 60_000 });
    await on.hub.pass(5_000, on.agent, on.dashboard);
    const approvalId = await ask(on, commandId);
    await on.hub.pass(120_000, on.agent, on.dashboard);
    on.dashboard.say({ type: 'approval:respond', approvalId, optionId: 'yes' });
    await on.agent.find('approval:resolved');
    await on.hub.pass(54_000, on.agent, on.dashboard);
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
    await on.hub.pass(2_000, on.agent, on.dashboard);
    expect((await on.agent.find('command:interrupt')).reason).toBe('timeout');
  });

  test('is cancelled by an interrupt of its command', async () => {
    await using on = await createStage();
    const commandId = await on.running();
    await ask(on, commandId);
    on.dashboard.say({ type: 'command:interrupt', commandId });
    expect((await on.dashboard.find('approval:resolved')).outcome).toBe('cancelled');
    expect((await on.agent.find('approval:resolved')).outcome).toBe('cancelled');
  });

  test('survives a restart of the hub, and its answer is repeated until the agent has it', async () => {
    await using on = await createStage({ onDisk: true });
    const commandId = await on.running();
    const approvalId = await ask(on, commandId);
    await using again = await on.hub.restart();
    const dashboard = await connectDashboard(again);
    expect((await dashboard.find('approval:request')).approvalId).toBe(approvalId);
    dashboard.say({ type: 'approval:respond', approvalId, optionId: 'no' });
    await dashboard.find('approval:resolved');
    const held = [
      { commandId, attempt: 1, firstSequence: 0, nextSequence: 0, lostBytes: 0, finished: false },
    ];
    const agent = await connectAgent(again, { token: on.agent.token, held });
    const answer = { approvalId, outcome: 'selected', optionId: 'no' };
    expect(await agent.find('approval:resolved')).toMatchObject(answer);
    agent.say({ type: 'approval:applied', approvalId });
    await agent.ping();
    const [row] = await again.hub.approvals.listByCommand(commandId);
    expect(row).toMatchObject({ outcome: 'selected', optionId: 'no' });
    expect(row?.appliedAt).toBeNumber();
  });
});

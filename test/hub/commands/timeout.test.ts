// Commands that run for too long, or are not started in time.
import { expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';

test.each([
  [undefined, 300_000],
  [60_000, 60_000],
  [86_400_000, 86_400_000],
])('with timeoutMs %p, a command times out after %p ms', async (timeoutMs, ms) => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await dashboard.request('!ls', { ...(timeoutMs && { timeoutMs }) });
  await agent.waitForExecute(id);
  await hub.advance(15_000, agent);
  agent.sendStarted(id);
  await dashboard.waitForStatus(id, 'running');
  expect(await agent.waitForExecute(id)).toMatchObject({ timeoutMs: ms });
  // Advancing by a day takes too long.
  if (ms > 3_600_000) return;
  await hub.advance(ms - 1, agent, dashboard);
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

test('a timeout counts from the start of the command', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls', { timeoutMs: 10_000 });
  await fixture.agent.waitForExecute(id);
  await fixture.hub.advance(20_000, fixture.agent, fixture.dashboard);
  fixture.agent.sendStarted(id);
  await fixture.dashboard.waitForStatus(id, 'running');
  await fixture.hub.advance(9_999, fixture.agent, fixture.dashboard);
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
  await fixture.hub.advance(1, fixture.agent, fixture.dashboard);
  await fixture.agent.waitFor('command:interrupt', ({ reason }) => reason === 'timeout');
});

test('a timeout does not depend on the wall clock', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand('!ls', { timeoutMs: 10_000 });
  fixture.hub.clock.jump(3_600_000);
  await fixture.hub.advance(9_999, fixture.agent, fixture.dashboard);
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
  fixture.hub.clock.jump(-7_200_000);
  await fixture.hub.advance(1, fixture.agent, fixture.dashboard);
  await fixture.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
});

test('a timeout does not affect a command that has ended or is queued', async () => {
  await using fixture = await startHubFixture();
  const first = await fixture.dashboard.request('!ls', { timeoutMs: 10_000 });
  const queued = await fixture.dashboard.request('!ls', { timeoutMs: 10_000 });
  await fixture.agent.waitForExecute(first);
  fixture.agent.sendStarted(first);
  await fixture.dashboard.waitForStatus(first, 'running');
  await fixture.hub.advance(9_000, fixture.agent);
  fixture.agent.sendFinished(first);
  await fixture.agent.waitForExecute(queued);
  await fixture.hub.advance(9_000, fixture.agent);
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
});

test('a command that completes despite the interrupt is completed', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls', { timeoutMs: 10_000 });
  await fixture.agent.waitForExecute(id);
  fixture.agent.sendStarted(id);
  await fixture.dashboard.waitForStatus(id, 'running');
  await fixture.hub.advance(10_000, fixture.agent);
  fixture.agent.sendFinished(id, { outcome: 'completed', exitCode: 0 });
  await fixture.dashboard.waitForStatus(id, 'completed');
});

test('a program that exits by itself as the timeout is reached keeps its exit code', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand('!false', { timeoutMs: 10_000 });
  await fixture.hub.advance(10_000, fixture.agent, fixture.dashboard);
  await fixture.agent.waitFor('command:interrupt');
  fixture.agent.sendFinished(id, { outcome: 'failed', exitCode: 3 });
  const status = await fixture.dashboard.waitForStatus(id, 'failed');
  expect(status.exitCode).toBe(3);
  expect(status.error).toBeUndefined();
});

test('a command that timed out has no exit code or signal, whatever the agent reports', async () => {
  await using fixture = await startHubFixture();
  for (const result of [
    { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' },
    {
      outcome: 'failed',
      exitCode: 130,
      signal: 'SIGINT',
      error: { code: 'timeout', message: 'Timed out.' },
    },
  ] as const) {
    const id = await fixture.startCommand('!sleep', { timeoutMs: 10_000 });
    await fixture.hub.advance(10_000, fixture.agent, fixture.dashboard);
    await fixture.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
    fixture.agent.sendFinished(id, result);
    const status = await fixture.dashboard.waitForStatus(id, 'failed');
    expect([status.exitCode, status.error?.code]).toEqual([undefined, 'timeout']);
    expect(await fixture.hub.hub.history.find(id)).toMatchObject({ exitCode: null, signal: null });
  }
});

test('a timeout without a result is final after 30 s, and the agent stays busy until it sends one', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await dashboard.request('!ls', { timeoutMs: 10_000 });
  const next = await dashboard.request('!next');
  await agent.waitForExecute(id);
  agent.sendStarted(id);
  await dashboard.waitForStatus(id, 'running');
  await hub.advance(10_000, agent, dashboard);
  await agent.waitFor('command:interrupt');
  await hub.advance(30_000, agent, dashboard);
  expect((await dashboard.waitForStatus(id, 'failed')).error?.code).toBe('timeout');
  agent.sendOutput(id, 'late output');
  await dashboard.waitForOutput(id);
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

test('a command that its agent starts too late fails as not_started, not as timed out', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard, hub } = fixture;
  const id = await dashboard.request('!ls');
  await agent.waitForExecute(id);
  await hub.advance(30_000, agent, dashboard);
  await agent.waitFor('command:interrupt');
  agent.sendStarted(id);
  const error = { code: 'timeout', message: 'Timed out.' } as const;
  agent.sendFinished(id, { outcome: 'failed', exitCode: null, error });
  expect((await dashboard.waitForStatus(id, 'failed')).error).toMatchObject({
    code: 'not_started',
    message: expect.stringContaining('within 30 s'),
  });
});

test('a command that its agent does not start within 30 s fails as not_started', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  const next = await fixture.dashboard.request('!next');
  await fixture.agent.waitForExecute(id);
  await fixture.hub.advance(30_000, fixture.agent, fixture.dashboard);
  await fixture.agent.waitFor('command:interrupt', ({ commandId }) => commandId === id);
  fixture.agent.sendFinished(id, { outcome: 'interrupted', exitCode: null });
  expect((await fixture.dashboard.waitForStatus(id, 'failed')).error?.code).toBe('not_started');
  await fixture.agent.waitForExecute(next);
});

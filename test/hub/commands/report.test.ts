// What an agent tells of a command's turn: told on, kept, and kept apart.
import { describe, expect, test } from 'bun:test';
import type { CommandReport } from '../../../src/protocol/report.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const report: CommandReport = {
  conversationId: 'talk-1',
  usage: { used: 10, size: 100, cost: { amount: 0.25, currency: 'USD' } },
  changes: { files: 1, added: 2, removed: 3 },
};

const stored = async ({ hub }: HubFixture, commandId: string) =>
  (await hub.callApi('GET', `/commands/${commandId}`)).json();

describe('a report', () => {
  test('is told to every dashboard once it is on disk', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    on.hub.store.hold((call) => call === 'commands.update');
    on.agent.send({ type: 'command:report', commandId, conversationId: 'talk-1' });
    await on.hub.store.waitForFault('commands.update');
    await on.dashboard.ping();
    expect(on.dashboard.ofType('command:report')).toEqual([]);
    expect(await stored(on, commandId)).toMatchObject({ conversationId: null });
    on.hub.store.clearFaults();
    const told = await on.dashboard.waitFor('command:report');
    expect(told).toMatchObject({ commandId, agentId: 'agent', conversationId: 'talk-1' });
    expect(await stored(on, commandId)).toMatchObject({
      conversationId: 'talk-1',
      usage: null,
      changes: null,
    });
  });

  test('that comes with the end is kept with it', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    on.agent.sendFinished(commandId, { report });
    await on.dashboard.waitForStatus(commandId, 'completed');
    expect(await stored(on, commandId)).toMatchObject({ status: 'completed', ...report });
  });

  test('of a command that failed, or was interrupted, is kept too', async () => {
    await using on = await startHubFixture();
    for (const outcome of ['failed', 'interrupted'] as const) {
      const commandId = await on.startCommand('Fix it');
      on.agent.sendFinished(commandId, { outcome, exitCode: null, report });
      await on.dashboard.waitForStatus(commandId, outcome);
      expect(await stored(on, commandId)).toMatchObject({ status: outcome, ...report });
    }
  });

  test('changes nothing but what it is there for, whatever else it says', async () => {
    await using on = await startHubFixture();
    const other = await on.startCommand('!other');
    on.agent.sendFinished(other, { outcome: 'failed', exitCode: 7 });
    await on.dashboard.waitForStatus(other, 'failed');
    const before = await stored(on, other);
    const lies = { id: other, status: 'completed', exitCode: 0, requestedBy: null, completedAt: 1 };
    const commandId = await on.startCommand('Fix it');
    on.agent.send({ type: 'command:report', commandId, ...report, ...lies } as never);
    await on.dashboard.waitFor('command:report');
    expect(await stored(on, commandId)).toMatchObject({ id: commandId, status: 'running' });
    on.agent.sendFinished(commandId, {
      outcome: 'failed',
      exitCode: 3,
      report: { ...report, ...lies },
    });
    await on.dashboard.waitForStatus(commandId, 'failed');
    const after = await stored(on, commandId);
    expect(after).toMatchObject({ id: commandId, status: 'failed', exitCode: 3, ...report });
    expect(after.requestedBy).toBe(before.requestedBy);
    expect(await stored(on, other)).toEqual(before);
  });

  test('of a command that was ended while its agent was away is kept when that comes back', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    on.agent.terminate();
    await on.dashboard.waitFor('agent:status', ({ status }) => status === 'offline');
    on.dashboard.send({ type: 'command:interrupt', commandId });
    await on.dashboard.waitForStatus(commandId, 'interrupted');
    const held = {
      commandId,
      attempt: 1,
      firstSequence: 0,
      nextSequence: 0,
      lostBytes: 0,
      finished: false,
    };
    const back = await connectAgent(on.hub, { token: on.agent.token, held: [held] });
    back.sendFinished(commandId, { outcome: 'interrupted', exitCode: null, report });
    await back.waitForAcknowledged(commandId);
    await on.hub.flush();
    expect(await stored(on, commandId)).toMatchObject({ status: 'interrupted', ...report });
  });

  test('that says nothing is nothing', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    on.agent.send({ type: 'command:report', commandId });
    on.agent.sendFinished(commandId, { report: {} });
    await on.dashboard.waitForStatus(commandId, 'completed');
    expect(on.dashboard.ofType('command:report')).toEqual([]);
    expect(on.hub.hub.storeHealth.failure()).toBeNull();
  });

  test('of a command that its agent does not have is ignored', async () => {
    await using on = await startHubFixture();
    const commandId = await on.startCommand('Fix it');
    on.agent.sendFinished(commandId);
    await on.agent.waitForAcknowledged(commandId);
    on.agent.send({ type: 'command:report', commandId, ...report });
    on.agent.send({ type: 'command:report', commandId: 'no-such-command', ...report });
    await on.agent.ping();
    await on.dashboard.ping();
    expect(on.dashboard.ofType('command:report')).toEqual([]);
    expect(await stored(on, commandId)).toMatchObject({ conversationId: null });
  });
});

describe('commands', () => {
  test('are found by their conversation', async () => {
    await using on = await startHubFixture();
    const first = await on.startCommand('Fix it');
    on.agent.sendFinished(first, { report });
    await on.dashboard.waitForStatus(first, 'completed');
    const second = await on.startCommand('Fix it again');
    const ids = async (query: string) => {
      const page = await (await on.hub.callApi('GET', `/commands?${query}`)).json();
      return page.items.map(({ id }: { id: string }) => id);
    };
    expect(await ids('conversationId=talk-1')).toEqual([first]);
    expect(await ids('')).toEqual([second, first]);
  });
});

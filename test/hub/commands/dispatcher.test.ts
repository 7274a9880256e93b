// The queue of an agent: in which order commands are sent, and when they are not.
import { expect, test } from 'bun:test';
import { QUEUE_LENGTH } from '../../../src/protocol/limits.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('commands run by priority, then first come, first served, one at a time', async () => {
  await using fixture = await startHubFixture();
  const { agent, dashboard } = fixture;
  const first = await dashboard.request('!first', { priority: 'low' });
  await agent.waitForExecute(first);
  const priorities = ['low', 'normal', 'high', 'normal', 'high', 'low'] as const;
  const positions = [];
  for (const [i, priority] of priorities.entries()) {
    const id = await dashboard.request(`!${priority}-${i}`, { priority });
    positions.push((await dashboard.waitForAccepted(id)).position);
  }
  expect(positions).toEqual([0, 0, 0, 2, 1, 5]);
  await fixture.hub.flush();
  expect(agent.executedCommands()).toEqual(['!first']);
  agent.run(first);
  const expected = ['high-2', 'high-4', 'normal-1', 'normal-3', 'low-0', 'low-5'];
  for (const name of expected) {
    const { commandId } = await agent.waitFor(
      'command:execute',
      (message) => message.command === `!${name}`,
    );
    await fixture.hub.flush();
    expect(agent.ofType('command:finished' as never)).toEqual([]);
    agent.run(commandId);
    await agent.waitForAcknowledged(commandId);
  }
  expect(agent.executedCommands()).toEqual(['!first', ...expected.map((name) => `!${name}`)]);
});

test('agents do not wait for each other', async () => {
  await using fixture = await startHubFixture();
  const second = await connectAgent(fixture.hub, { agentId: 'second' });
  await fixture.agent.waitForExecute(await fixture.dashboard.request('!a'));
  await second.waitForExecute(await fixture.dashboard.request('!b', { agentId: 'second' }));
});

test('a queue of 100 commands rejects more until one of them is sent', async () => {
  await using fixture = await startHubFixture();
  const { agent, hub, dashboard } = fixture;
  const running = await dashboard.request('!running');
  await agent.waitForExecute(running);
  const body = { agentId: 'agent', command: '!x' };
  const responses = await Promise.all(
    Array.from({ length: QUEUE_LENGTH + 5 }, () => hub.callApi('POST', '/commands', { body })),
  );
  const statuses = responses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 202)).toHaveLength(QUEUE_LENGTH);
  expect(statuses.filter((status) => status === 429)).toHaveLength(5);
  expect(await dashboard.request('!rejected').catch(String)).toContain('queue_full');
  agent.run(running);
  await agent.waitForAcknowledged(running);
  await agent.waitUntil(() => agent.executedCommands()[1], 'the next command');
  await dashboard.request('!accepted');
});

test('a command that no longer fits the capabilities fails when its turn comes', async () => {
  await using fixture = await startHubFixture();
  const first = await fixture.dashboard.request('!first');
  await fixture.agent.waitForExecute(first);
  const late = await fixture.dashboard.request('!late');
  const prompt = await fixture.dashboard.request('prompt');
  fixture.agent.send({ type: 'agent:capabilities', capabilities: ['prompt'] });
  fixture.agent.run(first);
  const failed = await fixture.dashboard.waitForStatus(late, 'failed');
  expect(failed.error?.code).toBe('invalid_command');
  expect(failed).not.toHaveProperty('exitCode');
  await fixture.agent.waitForExecute(prompt);
  expect(fixture.agent.executedCommands()).toEqual(['!first', 'prompt']);
});

test('a command whose attempt cannot be stored stays at the head and is retried', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  hub.store.fail((call) => call === 'commands.update');
  const first = await dashboard.request('!first');
  await hub.store.waitForFault('commands.update');
  const second = await dashboard.request('!second');
  await hub.flush();
  expect(agent.executedCommands()).toEqual([]);
  expect(hub.hub.storeHealth.failure()).not.toBeNull();
  hub.store.clearFaults();
  hub.clock.advance(1_000);
  agent.run((await agent.waitForExecute(first)).commandId);
  await agent.waitForExecute(second);
});

test('a command that waits behind others for 15 min is logged once', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  await fixture.startCommand('!sleep', { timeoutMs: 86_400_000 });
  const commandId = await dashboard.request('!low', { priority: 'low' });
  await dashboard.request('!high', { priority: 'high' });
  await hub.advance(1_000_000, agent, dashboard);
  const warnings = hub.logEntries.filter(({ message }) => message.includes('15 min'));
  expect(warnings.map(({ fields }) => fields)).toContainEqual({
    commandId,
    agentId: 'agent',
    priority: 'low',
    ahead: 1,
  });
  expect(warnings).toHaveLength(2);
});

test('a command that is queued for longer than the limit fails as expired', async () => {
  await using fixture = await startHubFixture({ settings: { queueTtlMs: 3_600_000 } });
  await fixture.startCommand('!sleep', { timeoutMs: 86_400_000 });
  const id = await fixture.dashboard.request('!later');
  await fixture.hub.advance(3_580_000, fixture.agent, fixture.dashboard);
  await fixture.disconnectAgent();
  await fixture.hub.advance(10_000, fixture.dashboard);
  expect(fixture.dashboard.statusesOf(id)).toEqual(['queued']);
  await fixture.hub.advance(20_000, fixture.dashboard);
  const failed = await fixture.dashboard.waitForStatus(id, 'failed');
  expect(failed.error).toEqual({
    code: 'expired',
    message:
      'The command did not start within 1 h. To allow more time, increase --queue-ttl on the hub.',
  });
  expect(await fixture.hub.hub.history.find(id)).toMatchObject({ disconnectedAt: null });
});

test('the time limit to start a command counts from when it was sent last', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.dashboard.request('!ls');
  await fixture.agent.waitForExecute(id);
  await fixture.hub.advance(20_000, fixture.agent, fixture.dashboard);
  await fixture.disconnectAgent();
  const agent = await fixture.reconnectAgent();
  await agent.waitForExecute(id, 2);
  await fixture.hub.advance(15_000, agent, fixture.dashboard);
  expect(agent.ofType('command:interrupt')).toEqual([]);
});

test('a command that has ended leaves no timers', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const timers = hub.clock.countTimers();
  const completed = await fixture.startCommand();
  agent.sendFinished(completed);
  await agent.waitForAcknowledged(completed);
  const unstarted = await dashboard.request('!ls');
  await agent.waitForExecute(unstarted);
  agent.sendFinished(unstarted, { outcome: 'failed', exitCode: 127 });
  await agent.waitForAcknowledged(unstarted);
  const interrupted = await fixture.startCommand();
  dashboard.send({ type: 'command:interrupt', commandId: interrupted });
  await agent.waitFor('command:interrupt');
  agent.sendFinished(interrupted, { outcome: 'interrupted', exitCode: null });
  await agent.waitForAcknowledged(interrupted);
  expect(hub.clock.countTimers()).toBe(timers);
});

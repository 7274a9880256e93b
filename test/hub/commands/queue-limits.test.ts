// Commands for agents that are offline, and commands that are queued for too long.
import { describe, expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

describe('a command for an agent that is offline', () => {
  test('is refused unless the request asks to queue it', async () => {
    await using on = await startHubFixture();
    on.agent.terminate();
    await on.agent.closed;
    const body = { agentId: 'agent', command: '!ls' };
    expect((await on.hub.callApi('POST', '/commands', { body })).status).toBe(409);
    const queued = await on.hub.callApi('POST', '/commands', {
      body: { ...body, ifOffline: 'queue' },
    });
    expect(queued.status).toBe(202);
    const id = await on.dashboard.request('!pwd', { ifOffline: 'queue' });
    const agent = await connectAgent(on.hub, { token: on.agent.token });
    const { commandId } = (await queued.json()) as { commandId: string };
    await agent.waitForExecute(commandId);
    agent.run(commandId);
    await agent.waitForExecute(id);
  });

  test('is checked against the capabilities the agent last had', async () => {
    await using on = await startHubFixture({ agent: { capabilities: ['shell'] } });
    on.agent.terminate();
    await on.agent.closed;
    const body = { agentId: 'agent', command: 'Fix it', ifOffline: 'queue' };
    expect((await on.hub.callApi('POST', '/commands', { body })).status).toBe(422);
  });

  test('that has never connected is checked when it runs', async () => {
    await using on = await startHubFixture();
    const token = await on.hub.addAgent('new');
    const id = await on.dashboard.request('Fix it', { agentId: 'new', ifOffline: 'queue' });
    await connectAgent(on.hub, { agentId: 'new', token, capabilities: ['shell'] });
    const failed = await on.dashboard.waitForStatus(id, 'failed');
    expect(failed.error?.code).toBe('invalid_command');
  });
});

test('a command that is queued for longer than the limit fails as expired', async () => {
  await using on = await startHubFixture({ settings: { queueTtlMs: 3_600_000 } });
  await on.startCommand('!sleep', { timeoutMs: 86_400_000 });
  const id = await on.dashboard.request('!later');
  await on.hub.advance(3_590_000, on.agent, on.dashboard);
  expect(on.dashboard.statusesOf(id)).toEqual(['queued']);
  await on.hub.advance(20_000, on.agent, on.dashboard);
  const failed = await on.dashboard.waitForStatus(id, 'failed');
  expect(failed.error).toEqual({
    code: 'expired',
    message: 'Not run within 1 h. Raise the limit of the hub with --queue-ttl.',
  });
});

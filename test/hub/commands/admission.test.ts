// Command requests: what is accepted, what is rejected, and when the reply is sent.
import { describe, expect, test } from 'bun:test';
import type { CommandRequest } from '../../../src/protocol/dashboard-to-hub.ts';
import { COMMAND_BYTES } from '../../../src/protocol/limits.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

describe('a request is rejected for', () => {
  const cases: [string, Partial<CommandRequest>, string][] = [
    ['an unknown agent', { agentId: 'unknown' }, 'agent_unknown'],
    ['an offline agent', { agentId: 'offline' }, 'agent_offline'],
    ['an empty command', { command: '' }, 'invalid_command'],
    ['a blank command', { command: ' \n' }, 'invalid_command'],
    ['an empty shell command', { command: '! ' }, 'invalid_command'],
    ['a command over 64 KiB', { command: 'é'.repeat(COMMAND_BYTES / 2) + 'x' }, 'invalid_command'],
    ['a command with NUL', { command: 'a\0b' }, 'invalid_command'],
    ['a slash command that the agent does not have', { command: '/review' }, 'invalid_command'],
    ['a timeout over the maximum', { timeoutMs: 86_400_001 }, 'invalid_command'],
    ['a timeout of zero', { timeoutMs: 0 }, 'invalid_message'],
    ['an unknown priority', { priority: 'urgent' as never }, 'invalid_message'],
  ];

  test.each(cases)('%s', async (_name, fields, code) => {
    await using fixture = await startHubFixture();
    await fixture.hub.addAgent('offline');
    const body = { agentId: 'agent', priority: 'normal', command: '!ls', ...fields } as const;
    fixture.dashboard.send({ type: 'command:request', requestId: 'r', ...body });
    const error = await fixture.dashboard.waitFor('error', ({ requestId }) => requestId === 'r');
    expect(error.code).toBe(code as never);
    expect(error.message).toEndWith('.');
    await fixture.hub.flush();
    const page = await (await fixture.hub.callApi('GET', '/commands')).json();
    expect(page).toEqual({ items: [], nextCursor: null });
    expect(fixture.agent.executedCommands()).toEqual([]);
  });
});

describe('a command for an offline agent', () => {
  test('is rejected unless the request asks to queue it', async () => {
    await using fixture = await startHubFixture();
    await fixture.disconnectAgent();
    const body = { agentId: 'agent', command: '!ls' };
    expect((await fixture.hub.callApi('POST', '/commands', { body })).status).toBe(409);
    const queued = await fixture.hub.callApi('POST', '/commands', {
      body: { ...body, ifOffline: 'queue' },
    });
    expect(queued.status).toBe(202);
    const id = await fixture.dashboard.request('!pwd', { ifOffline: 'queue' });
    const agent = await fixture.reconnectAgent();
    const { commandId } = (await queued.json()) as { commandId: string };
    await agent.waitForExecute(commandId);
    agent.run(commandId);
    await agent.waitForExecute(id);
  });

  test('must fit the latest capabilities of the agent', async () => {
    await using fixture = await startHubFixture({ agent: { capabilities: ['shell'] } });
    await fixture.disconnectAgent();
    const body = { agentId: 'agent', command: 'Fix it', ifOffline: 'queue' };
    expect((await fixture.hub.callApi('POST', '/commands', { body })).status).toBe(422);
  });

  test('is checked when it runs if the agent has never connected', async () => {
    await using fixture = await startHubFixture();
    const token = await fixture.hub.addAgent('new');
    const id = await fixture.dashboard.request('Fix it', { agentId: 'new', ifOffline: 'queue' });
    await connectAgent(fixture.hub, { agentId: 'new', token, capabilities: ['shell'] });
    const failed = await fixture.dashboard.waitForStatus(id, 'failed');
    expect(failed.error?.code).toBe('invalid_command');
  });
});

test('the longest allowed command arrives complete', async () => {
  await using fixture = await startHubFixture();
  const command = `!${'é'.repeat(COMMAND_BYTES / 2 - 1)}x`;
  const execute = await fixture.agent.waitForExecute(await fixture.dashboard.request(command));
  expect(execute.command).toBe(command);
});

test('a command is accepted and published once it is committed', async () => {
  await using fixture = await startHubFixture();
  const { hub, dashboard } = fixture;
  hub.store.hold((call) => call === 'commands.insert');
  const request = dashboard.request('!ls', { requestId: 'r' });
  await hub.store.waitForFault('commands.insert');
  const late = await connectDashboard(hub);
  await dashboard.ping();
  expect(dashboard.ofType('command:accepted')).toEqual([]);
  expect(dashboard.ofType('command:status')).toEqual([]);
  expect(late.ofType('command:status')).toEqual([]);
  hub.store.clearFaults();
  const id = await request;
  await dashboard.waitForStatus(id, 'queued');
  await late.waitForStatus(id, 'queued');
  expect(await hub.store.commands.find(id)).toMatchObject({ requestId: 'r' });
});

test('command:accepted precedes the first status and goes only to the requester', async () => {
  await using fixture = await startHubFixture();
  const other = await connectDashboard(fixture.hub);
  const id = await fixture.dashboard.request('!ls', { requestId: 'r' });
  await fixture.dashboard.waitForStatus(id, 'queued');
  const types = fixture.dashboard.received.flatMap((message) =>
    'commandId' in message && message.commandId === id ? [message.type] : [],
  );
  expect(types.slice(0, 2)).toEqual(['command:accepted', 'command:status']);
  expect(await fixture.dashboard.waitForAccepted(id)).toMatchObject({
    requestId: 'r',
    agentId: 'agent',
  });
  await other.waitForStatus(id, 'queued');
  expect(other.ofType('command:accepted')).toEqual([]);
});

test('requests are rejected as unavailable while the disk fails, and accepted afterwards', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  hub.store.fail((call) => call === 'commands.insert');
  expect(await dashboard.request('!ls', { requestId: 'r' }).catch(String)).toContain('unavailable');
  await dashboard.waitForError('unavailable');
  const body = { agentId: 'agent', command: '!ls' };
  expect((await hub.callApi('POST', '/commands', { body })).status).toBe(503);
  expect(hub.hub.state.commandQueue.get('agent') ?? []).toEqual([]);
  await hub.flush();
  expect(agent.executedCommands()).toEqual([]);
  expect(dashboard.ofType('command:status')).toEqual([]);
  hub.store.clearFaults();
  const response = await hub.callApi('POST', '/commands', {
    body: { ...body, requestId: 'r' },
  });
  expect(response.status).toBe(202);
  await agent.waitForExecute((await response.json()).commandId);
});

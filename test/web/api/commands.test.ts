// The commands endpoints of the JSON API.
import { describe, expect, test } from 'bun:test';
import { AcceptedCommand, CommandPage } from '../../../src/protocol/api.ts';
import { CommandExecution } from '../../../src/protocol/entities.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../helpers.ts';

describe('commands', () => {
  test('are accepted with 202 and a queue position, and returned by ID', async () => {
    await using on = await startHubFixture();
    const body = { agentId: 'agent', command: '!ls -l' };
    const answer = await expectJson(
      on.hub.callApi('POST', '/commands', { body }),
      202,
      AcceptedCommand,
    );
    expect(answer.position).toBe(0);
    const given = await on.agent.waitForExecute(answer.commandId);
    on.agent.run(given.commandId, 'a\u0000b😀');
    await on.agent.waitForAcknowledged(given.commandId);
    const path = `/commands/${answer.commandId}`;
    const command = await expectJson(
      on.hub.callApi('GET', path, { role: 'viewer' }),
      200,
      CommandExecution,
    );
    expect(command).toMatchObject({
      id: answer.commandId,
      agentId: 'agent',
      command: '!ls -l',
      priority: 'normal',
      status: 'completed',
      requestedBy: 'ada',
      exitCode: 0,
      session: 'continue',
      timeoutMs: 300_000,
    });
    expect(Object.keys(command).toSorted()).toEqual(
      Object.keys(CommandExecution.properties).toSorted(),
    );
    const output = await on.hub.callApi('GET', `${path}/output`, { role: 'viewer' });
    expect(output.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await output.text()).toBe('a\u0000b😀');
  });

  const rejected: [string, unknown, number, string][] = [
    ['an unknown agent', { agentId: 'nobody', command: '!ls' }, 404, 'agent_unknown'],
    ['an offline agent', { agentId: 'offline', command: '!ls' }, 409, 'agent_offline'],
    ['an agent, but empty', { agentId: 'agent', command: '' }, 422, 'invalid_command'],
    ['an agent, but with a NUL', { agentId: 'agent', command: 'a\0' }, 422, 'invalid_command'],
    [
      'an agent, but too long',
      { agentId: 'agent', command: 'x'.repeat(65_537) },
      422,
      'invalid_command',
    ],
    [
      'an agent without the capability',
      { agentId: 'agent', command: '/review' },
      422,
      'invalid_command',
    ],
    [
      'an agent, with too long a timeout',
      { agentId: 'agent', command: '!ls', timeoutMs: 9e9 },
      422,
      'invalid_command',
    ],
    ['no agent', { command: '!ls' }, 400, 'invalid_message'],
    ['an agent, but not a string', { agentId: 'agent', command: 7 }, 400, 'invalid_message'],
    [
      'an agent, with an unknown priority',
      { agentId: 'agent', command: '!ls', priority: 'now' },
      400,
      'invalid_message',
    ],
    ['an agent, but in invalid JSON', '{"agentId":', 400, 'invalid_message'],
    ['an agent, without a body', undefined, 400, 'invalid_message'],
  ];

  test.each(rejected)('for %s are rejected', async (_name, body, status, code) => {
    await using on = await startHubFixture();
    await on.hub.addAgent('offline');
    await expectError(on.hub.callApi('POST', '/commands', { body }), status, code);
  });

  test('are neither accepted from viewers nor interrupted by them', async () => {
    await using on = await startHubFixture();
    const body = { agentId: 'agent', command: '!ls' };
    await expectError(
      on.hub.callApi('POST', '/commands', { role: 'viewer', body }),
      403,
      'forbidden',
    );
    const id = await on.startCommand();
    const path = `/commands/${id}/interrupt`;
    await expectError(on.hub.callApi('POST', path, { role: 'viewer' }), 403, 'forbidden');
    await on.agent.ping();
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('with a body over 1 MiB are rejected', async () => {
    await using on = await startHubFixture();
    const body = { agentId: 'agent', command: 'x'.repeat(1_048_576) };
    const answer = await on.hub.callApi('POST', '/commands', { body });
    expect(answer.status).toBeOneOf([413, 422]);
    expect(on.agent.executedCommands()).toEqual([]);
  });

  test('return their output with what is missing, as text and as messages', async () => {
    await using on = await startHubFixture({ settings: { transcriptRetentionMs: 0 } });
    const id = await on.startCommand();
    const chunk = 'x'.repeat(10_240);
    for (let i = 0; i < 110; i += 1) on.agent.sendOutput(id, chunk);
    on.agent.sendFinished(id);
    const { totalBytes } = await on.dashboard.waitForComplete(id);
    const text = await on.hub.callApi('GET', `/commands/${id}/output`);
    const missing = Number(text.headers.get('signalbox-missing-bytes'));
    expect(missing).toBeGreaterThan(0);
    expect((await text.text()).length + missing).toBe(totalBytes);
    const headers = { accept: 'application/x-ndjson' };
    const lines = await on.hub.callApi('GET', `/commands/${id}/output`, { headers });
    const messages = (await lines.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(messages[0]).toMatchObject({ type: 'terminal:gap', fromSequence: 0, bytes: missing });
    expect(messages[1]).toMatchObject({
      type: 'terminal:output',
      sequence: messages[0].toSequence,
    });
    expect(messages.at(-1)).toMatchObject({ type: 'terminal:complete', totalBytes });
  });

  test('return the end of their output with tailBytes', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    for (const letter of 'abc') on.agent.sendOutput(id, letter.repeat(10_000));
    on.agent.sendFinished(id);
    const { totalBytes } = await on.dashboard.waitForComplete(id);
    const read = (query: string) => on.hub.callApi('GET', `/commands/${id}/output${query}`);
    const end = await read('?tailBytes=9000');
    expect(end.headers.get('signalbox-total-bytes')).toBe(String(totalBytes));
    const text = await end.text();
    expect(text).toMatch(/^b*c{9000,}$/);
    expect(text.length).toBeLessThan(20_000);
    expect(await (await read('?tailBytes=1048576')).text()).toHaveLength(totalBytes);
    for (const value of ['-1', '1.5', 'x', '', '1048577']) {
      await expectError(read(`?tailBytes=${value}`), 400, 'invalid_message');
    }
  });

  test('are interrupted with 202 while active, and rejected afterwards', async () => {
    await using on = await startHubFixture();
    const running = await on.startCommand();
    const waiting = await on.dashboard.request('!next');
    for (const [id, state] of [
      [waiting, { status: 'interrupted', stopReason: null }],
      [running, { status: 'running', stopReason: 'user' }],
    ] as const) {
      const answer = await on.hub.callApi('POST', `/commands/${id}/interrupt`);
      expect([answer.status, await answer.json()]).toEqual([202, { commandId: id, ...state }]);
    }
    await on.agent.waitFor('command:interrupt', ({ commandId }) => commandId === running);
    on.agent.sendFinished(running, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.waitForStatus(running, 'interrupted');
    for (const id of [waiting, running]) {
      await expectError(
        on.hub.callApi('POST', `/commands/${id}/interrupt`),
        409,
        'command_not_active',
      );
    }
    await expectError(
      on.hub.callApi('POST', '/commands/nothing/interrupt'),
      404,
      'command_unknown',
    );
    await expectError(on.hub.callApi('GET', '/commands/nothing'), 404, 'command_unknown');
    await expectError(on.hub.callApi('GET', '/commands/nothing/output'), 404, 'command_unknown');
  });

  test('are listed newest first, in pages, with filters', async () => {
    await using on = await startHubFixture();
    const second = await connectAgent(on.hub, { agentId: 'second' });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await on.dashboard.request(`!echo ${i}%`));
    const other = await on.dashboard.request('!other', { agentId: 'second' });
    await second.waitForExecute(other);
    second.run(other);
    await on.dashboard.waitForStatus(other, 'completed');
    const list = async (query: string) => {
      const page = await expectJson(
        on.hub.callApi('GET', `/commands?${query}`, { role: 'viewer' }),
        200,
        CommandPage,
      );
      return { ids: page.items.map(({ id }: { id: string }) => id), next: page.nextCursor };
    };
    expect((await list('')).ids).toEqual([other, ...ids]);
    const first = await list('agentId=agent&limit=2');
    expect(first.ids).toEqual(ids.slice(0, 2));
    const more = await list(`agentId=agent&limit=2&cursor=${first.next}`);
    expect(more.ids).toEqual(ids.slice(2, 4));
    expect(await list(`agentId=agent&limit=2&cursor=${more.next}`)).toEqual({
      ids: ids.slice(4),
      next: null,
    });
    expect((await list('status=completed')).ids).toEqual([other]);
    expect((await list('q=3%25')).ids).toEqual([ids[1] as string]);
    expect((await list('q=3_')).ids).toEqual([]);
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'status=done', `q=${'x'.repeat(257)}`])(
    'are not listed with %s',
    async (query) => {
      await using hub = await startTestHub();
      await expectError(hub.callApi('GET', `/commands?${query}`), 400, 'invalid_message');
    },
  );
});

// The queue over HTTP: change, cancel, restore, pause and resume. test/hub/commands/queue-changes.test.ts has the rules.
import { expect, test } from 'bun:test';
import { AcceptedCommand, CancelledCommand } from '../../../src/protocol/api.ts';
import { AgentSummary } from '../../../src/protocol/entities.ts';
import { UNDO_MS } from '../../../src/protocol/limits.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { expectError, expectJson } from '../helpers.ts';

test('a queued command is changed, cancelled and restored', async () => {
  await using on = await startHubFixture();
  const current = await on.startCommand();
  const [a, b] = [await on.dashboard.request('!a'), await on.dashboard.request('!b')];
  const { hub } = on;
  const moved = hub.callApi('PATCH', `/commands/${b}`, { body: { before: a, command: '!c' } });
  const position = { commandId: b, agentId: 'agent', position: 0 };
  expect(await expectJson(moved, 200, AcceptedCommand)).toEqual(position);
  const path = `/commands/${b}/cancellation`;
  expect(await expectJson(hub.callApi('PUT', path), 202, CancelledCommand)).toEqual({
    commandId: b,
    undoUntil: hub.clock.now() + UNDO_MS,
  });
  expect(await expectJson(hub.callApi('DELETE', path), 200, AcceptedCommand)).toEqual(position);

  const change = (id: string, body: object) => hub.callApi('PATCH', `/commands/${id}`, { body });
  await expectError(change(b, { priority: 'urgent' }), 400, 'invalid_message');
  await expectError(change(b, { command: '' }), 422, 'invalid_command');
  await expectError(change(current, { priority: 'low' }), 409, 'command_not_queued');
  await expectError(change('unknown', { priority: 'low' }), 404, 'command_unknown');
  await expectError(
    hub.callApi('PUT', `/commands/${current}/cancellation`),
    409,
    'command_not_queued',
  );
});

test('an agent is paused with a note, and resumed', async () => {
  await using on = await startHubFixture();
  const path = '/agents/agent/pause';
  const paused = on.hub.callApi('PUT', path, { body: { note: 'deploying' } });
  expect(await expectJson(paused, 200, AgentSummary)).toMatchObject({
    paused: { by: 'ada', note: 'deploying' },
  });
  const resumed = await expectJson(on.hub.callApi('DELETE', path), 200, AgentSummary);
  expect(resumed.paused).toBeNull();
  const long = { body: { note: 'x'.repeat(501) } };
  await expectError(on.hub.callApi('PUT', path, long), 400, 'invalid_message');
  await expectError(
    on.hub.callApi('PUT', '/agents/none/pause', { body: {} }),
    404,
    'agent_unknown',
  );
});

// Messages that dashboards send: roles, input to running commands, and invalid frames.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';

test('a viewer can watch, but cannot act', async () => {
  await using fixture = await startHubFixture();
  const viewer = await connectDashboard(fixture.hub, { role: 'viewer', userId: 'eve' });
  const id = await fixture.startCommand();
  const messages = [
    { type: 'command:request', agentId: 'agent', command: '!ls', priority: 'normal' },
    { type: 'command:interrupt', commandId: id },
    { type: 'command:input', commandId: id, data: 'y' },
    { type: 'terminal:resize', commandId: id, cols: 80, rows: 24 },
  ] as const;
  for (const [i, message] of messages.entries()) {
    viewer.send(message);
    expect(await viewer.waitUntil(() => viewer.ofType('error')[i], 'the error')).toMatchObject({
      code: 'forbidden',
      ...('agentId' in message && { agentId: message.agentId }),
    });
  }
  viewer.send({ type: 'approval:respond', approvalId: 'q', optionId: 'yes' });
  await viewer.waitUntil(() => viewer.ofType('error')[messages.length], 'the error');
  fixture.agent.sendOutput(id, 'output');
  await viewer.waitForOutput(id, 'output');
  await fixture.agent.ping();
  expect(fixture.agent.ofType('command:interrupt')).toEqual([]);
  expect(fixture.agent.ofType('command:input')).toEqual([]);
});

test('a second dashboard:connect is rejected', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectDashboard(hub);
  await dashboard.connect(hub);
  await dashboard.waitForError('invalid_message');
});

test('a response to an unknown approval request is rejected', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectDashboard(hub);
  dashboard.send({ type: 'approval:respond', approvalId: 'q', optionId: 'yes' });
  expect(await dashboard.waitForError('approval_unknown')).toMatchObject({ approvalId: 'q' });
});

test.each([true, false])(
  'a message that fails is an error of the hub, but not if its socket was closed: %p',
  async (isClosed) => {
    await using on = await startHubFixture();
    const { hub } = on;
    const isFind = (call: string) => call === 'commands.find';
    const leaving = await connectDashboard(hub, { userId: 'eve' });
    hub.store.hold(isFind);
    hub.store.fail(isFind);
    leaving.send({ type: 'terminal:attach', commandId: 'stored' });
    await hub.store.waitForFault('commands.find');
    if (isClosed) {
      leaving.terminate();
      const countSockets = () => hub.servers.countSockets();
      for (const open = countSockets(); countSockets() === open;) await hub.flush();
    }
    hub.store.release();
    if (isClosed) await hub.flush();
    else await leaving.waitForError('unavailable');
    const errors = hub.logEntries.filter(({ level }) => level === 'error');
    expect(errors.length).toBe(isClosed ? 0 : 1);
  },
);

test('an error contains only valid IDs of the rejected message', async () => {
  await using on = await startHubFixture();
  const message = { type: 'command:interrupt', version: '1.0.0', commandId: 'unknown' };
  const unknownFields = { requestId: {}, agentId: 'x'.repeat(129), approvalId: ['x'] };
  on.dashboard.sendFrame(JSON.stringify({ ...message, ...unknownFields }));
  const { message: _text, ...error } = await on.dashboard.waitForError('command_unknown');
  expect(error).toEqual({
    type: 'error',
    version: '1.0.0',
    code: 'command_unknown',
    commandId: 'unknown',
  });
});

describe('keystrokes and sizes', () => {
  test('are sent to the agent of a running command', async () => {
    await using fixture = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
    const id = await fixture.startCommand();
    fixture.dashboard.send({ type: 'command:input', commandId: id, data: 'y\r' });
    fixture.dashboard.send({ type: 'terminal:resize', commandId: id, cols: 100, rows: 30 });
    expect(await fixture.agent.waitFor('command:input')).toMatchObject({
      commandId: id,
      data: 'y\r',
    });
    expect(await fixture.agent.waitFor('terminal:resize')).toMatchObject({ cols: 100, rows: 30 });
  });

  test('are rejected if the agent has no pty', async () => {
    await using fixture = await startHubFixture();
    const commandId = await fixture.startCommand();
    fixture.dashboard.send({ type: 'command:input', commandId, data: 'y' });
    expect((await fixture.dashboard.waitFor('error')).code).toBe('invalid_command');
  });

  test('are rejected if the command is not running', async () => {
    await using fixture = await startHubFixture();
    const first = await fixture.startCommand();
    const queued = await fixture.dashboard.request('!next');
    fixture.agent.sendFinished(first);
    await fixture.agent.waitForExecute(queued);
    for (const commandId of [first, queued, 'unknown']) {
      fixture.dashboard.send({ type: 'command:input', commandId, data: 'y' });
      await fixture.dashboard.waitFor(
        'error',
        (error) => error.commandId === commandId && error.code === 'command_not_active',
      );
    }
  });
});

describe('invalid frames', () => {
  const frames = [
    'invalid',
    '123',
    'null',
    'true',
    '[]',
    '{}',
    '{"type":"hub:explode","version":"1.0.0"}',
    '{"type":"command:request","version":"1.0.0"}',
    '{"type":"dashboard:connect","version":"1.0.0"}',
    '{"type":"error","version":"1.0.0","code":"invalid_message","message":"Invalid."}',
    '['.repeat(10_000),
    new Uint8Array([0x01, 1, 2, 3]),
    new Uint8Array([0x07]),
    new Uint8Array(),
    '\u0000',
  ];

  test('are each answered with an error', async () => {
    await using fixture = await startHubFixture();
    for (let i = 0; i < 30; i++) {
      const frame = frames[i % frames.length] ?? '';
      fixture.dashboard.sendFrame(frame);
      fixture.agent.sendFrame(frame);
    }
    await fixture.dashboard.waitUntil(() => fixture.dashboard.ofType('error')[27], 'the errors');
    await fixture.agent.waitUntil(() => fixture.agent.ofType('error')[27], 'the errors');
    await Promise.all([fixture.dashboard.ping(), fixture.agent.ping()]);
    // An error is not answered with an error.
    expect(fixture.dashboard.ofType('error')).toHaveLength(28);
    expect(fixture.agent.ofType('error')).toHaveLength(28);
    const id = await fixture.startCommand();
    fixture.agent.sendFinished(id);
    await fixture.dashboard.waitForStatus(id, 'completed');
  });

  test('of another major version close the connection', async () => {
    await using fixture = await startHubFixture();
    for (const peer of [fixture.dashboard, fixture.agent]) {
      peer.sendFrame('{"type":"command:interrupt","version":"2.0.0","commandId":"x"}');
      expect(await peer.closed).toEqual({ code: 1008, reason: 'unsupported_version' });
      expect(peer.received.at(-1)).toMatchObject({ type: 'error', code: 'unsupported_version' });
    }
  });
});

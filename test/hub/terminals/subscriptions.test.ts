// Which terminals a dashboard receives, and from which sequence on.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';

test('in mode all, every terminal is sent live and from its start', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'a');
  await fixture.dashboard.waitForOutput(id);
  const late = await connectDashboard(fixture.hub);
  fixture.agent.sendOutput(id, 'b', 'stderr');
  fixture.agent.sendFinished(id);
  for (const dashboard of [fixture.dashboard, late]) {
    await dashboard.waitForComplete(id);
    expect(dashboard.terminalMessages(id)).toMatchObject([
      { type: 'terminal:output', data: 'a', stream: 'stdout', sequence: 0 },
      { type: 'terminal:output', data: 'b', stream: 'stderr', sequence: 1 },
      { type: 'terminal:complete', lastSequence: 1, totalBytes: 2 },
    ]);
  }
});

test('in mode attached, a terminal is sent once attached to, in order and without repetition', async () => {
  await using fixture = await startHubFixture({ dashboard: { terminals: 'attached' } });
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'a');
  await fixture.agent.waitForAck(id, 1);
  await fixture.dashboard.ping();
  expect(fixture.dashboard.terminalMessages(id)).toEqual([]);
  fixture.dashboard.send({ type: 'terminal:attach', commandId: id });
  fixture.agent.sendOutput(id, 'b', 'stderr');
  fixture.dashboard.send({ type: 'terminal:attach', commandId: id, afterSequence: -1 });
  await fixture.dashboard.waitForOutput(id, 'b');
  fixture.agent.sendOutput(id, 'c');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  const sequences = fixture.dashboard.sequencesOf(id);
  const replayStart = sequences.lastIndexOf(0);
  expect(sequences.slice(replayStart)).toEqual([0, 1, 2]);
});

test('attaching replays the output after a sequence', async () => {
  await using fixture = await startHubFixture({ dashboard: { terminals: 'attached' } });
  const id = await fixture.startCommand();
  for (const [i, data] of ['a', 'b', 'c', 'd'].entries()) {
    fixture.agent.sendOutput(id, data, i % 2 === 0 ? 'stdout' : 'stderr');
  }
  await fixture.agent.waitForAck(id, 4);
  fixture.dashboard.send({ type: 'terminal:attach', commandId: id, afterSequence: 1 });
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.sequencesOf(id)).toEqual([2, 3]);
});

test('attaching to an ended command replays its output and completes', async () => {
  await using fixture = await startHubFixture({ dashboard: { terminals: 'attached' } });
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'hello');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForStatus(id, 'completed');
  fixture.dashboard.send({ type: 'terminal:attach', commandId: id });
  expect(await fixture.dashboard.waitForComplete(id)).toMatchObject({
    lastSequence: 0,
    totalBytes: 5,
  });
  expect(fixture.dashboard.outputOf(id)).toBe('hello');
});

test('a command without output completes with lastSequence -1', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendFinished(id);
  expect(await fixture.dashboard.waitForComplete(id)).toMatchObject({
    lastSequence: -1,
    totalBytes: 0,
  });
});

test.each(['all', 'attached'] as const)(
  'in mode %s, detaching stops the output',
  async (terminals) => {
    await using fixture = await startHubFixture({ dashboard: { terminals } });
    const other = await connectDashboard(fixture.hub);
    const id = await fixture.startCommand();
    fixture.dashboard.send({ type: 'terminal:attach', commandId: id });
    fixture.agent.sendOutput(id, 'a');
    await fixture.dashboard.waitForOutput(id);
    fixture.dashboard.send({ type: 'terminal:detach', commandId: id });
    fixture.dashboard.send({ type: 'terminal:detach', commandId: 'never attached' });
    await fixture.dashboard.ping();
    fixture.agent.sendOutput(id, 'b');
    fixture.agent.sendFinished(id);
    await other.waitForComplete(id);
    await fixture.dashboard.ping();
    expect(fixture.dashboard.terminalMessages(id)).toHaveLength(1);
    expect(fixture.dashboard.ofType('error')).toEqual([]);
  },
);

test('attaching to an unknown command is rejected', async () => {
  await using hub = await startTestHub();
  const dashboard = await connectDashboard(hub);
  dashboard.send({ type: 'terminal:attach', commandId: 'unknown' });
  expect(await dashboard.waitForError('command_unknown')).toMatchObject({ commandId: 'unknown' });
});

// Output on its way from agents to dashboards and to disk.
import { describe, expect, test } from 'bun:test';
import { BUFFER_BYTES, CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

const CHUNK = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;

test('output arrives in chunks of complete code points, with consecutive sequences', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  const text = '😀é€a'.repeat(10_000);
  for (let from = 0; from < text.length; from += 3_500)
    fixture.agent.sendOutput(id, text.slice(from, from + 3_500));
  fixture.agent.sendOutput(id, 'and an error', 'stderr');
  fixture.agent.sendFinished(id);
  const { totalBytes, lastSequence } = await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.outputOf(id)).toBe(`${text}and an error`);
  expect(totalBytes).toBe(byteLength(text) + 12);
  const sequences = fixture.dashboard.sequencesOf(id);
  expect(sequences).toEqual(Array.from({ length: lastSequence + 1 }, (_, i) => i));
  for (const { data } of fixture.dashboard.ofType('terminal:output')) {
    expect(byteLength(data)).toBeLessThanOrEqual(CHUNK_BYTES);
    expect(data.isWellFormed()).toBe(true);
  }
});

test('output is sent before it is on disk, and acknowledged once it is', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  hub.store.hold((call) => call === 'output.append');
  agent.sendOutput(id, 'a');
  await dashboard.waitForOutput(id);
  await hub.store.waitForFault('output.append');
  await hub.flush();
  await agent.ping();
  expect(agent.ofType('output:ack')).toEqual([]);
  hub.store.clearFaults();
  expect(await agent.waitForAck(id, 1)).toMatchObject({ nextSequence: 1 });
  expect(await hub.store.commands.find(id)).toMatchObject({ agentNextSequence: 1 });
  expect(await hub.store.output.listLatest(id, Infinity)).toMatchObject([
    { sequence: 0, data: 'a' },
  ]);
});

test('empty output is acknowledged', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, '');
  await fixture.agent.waitForAck(id, 1);
  fixture.agent.sendOutput(id, 'a');
  fixture.agent.sendOutput(id, '');
  await fixture.agent.waitForAck(id, 3);
  fixture.agent.sendFinished(id);
  expect((await fixture.dashboard.waitForComplete(id)).lastSequence).toBe(0);
});

test('output is committed before the result of its command', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  hub.store.hold((call) => call === 'output.append');
  agent.sendOutput(id, 'a');
  agent.sendFinished(id);
  await hub.store.waitForFault('output.append');
  await hub.flush();
  await Promise.all([agent.ping(), dashboard.ping()]);
  expect(agent.ofType('command:acknowledged')).toEqual([]);
  expect(dashboard.statusesOf(id)).toEqual(['queued', 'running']);
  hub.store.clearFaults();
  await agent.waitForAcknowledged(id);
  await dashboard.waitForStatus(id, 'completed');
});

test('only complete agent messages are acknowledged', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const id = await fixture.startCommand();
  const pieces = Array.from({ length: 40 }, (_, i) => `${i}:`.padEnd(7_000, '.'));
  for (const piece of pieces) fixture.agent.sendOutput(id, piece);
  await fixture.agent.waitForAck(id, 7);
  await using hub = await fixture.hub.crash();
  const { agentNextSequence } = (await hub.store.commands.find(id)) ?? expect.unreachable();
  const stored = (await hub.store.output.listLatest(id, Infinity)).map(({ data }) => data).join('');
  expect(agentNextSequence).toBeGreaterThanOrEqual(7);
  expect(stored).toBe(pieces.slice(0, agentNextSequence).join(''));
});

test('repeated output is ignored', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'a');
  fixture.agent.sendOutput(id, 'b');
  fixture.agent.setNextSequence(id, 0);
  fixture.agent.sendOutput(id, 'a');
  fixture.agent.sendOutput(id, 'b');
  fixture.agent.sendOutput(id, 'c');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.outputOf(id)).toBe('abc');
});

test('output of a command that the agent does not have is ignored', async () => {
  await using fixture = await startHubFixture();
  const other = await connectAgent(fixture.hub, { agentId: 'other' });
  const id = await fixture.startCommand();
  const queued = await fixture.dashboard.request('!next');
  for (const commandId of [id, queued, 'unknown']) {
    other.sendOutput(commandId, 'forged');
    other.send({ type: 'terminal:gap', commandId, nextSequence: 9, bytes: 9 });
    other.sendStarted(commandId);
    other.sendFinished(commandId);
    await other.waitForAcknowledged(commandId);
  }
  fixture.agent.sendOutput(queued, 'too early');
  fixture.agent.sendOutput(id, 'real');
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  expect(fixture.dashboard.outputOf(id)).toBe('real');
  expect(fixture.dashboard.terminalMessages(queued)).toEqual([]);
  expect(fixture.dashboard.statusesOf(queued)).toEqual(['queued']);
});

test('output that the agent dropped is one gap with one sequence, stored like a chunk', async () => {
  await using fixture = await startHubFixture({ onDisk: true });
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'before');
  fixture.agent.send({ type: 'terminal:gap', commandId: id, nextSequence: 8, bytes: 70_000 });
  fixture.agent.setNextSequence(id, 8);
  fixture.agent.sendOutput(id, 'after');
  await fixture.agent.waitForAck(id, 9);
  await fixture.dashboard.waitForOutput(id, 'beforeafter');
  const gap = {
    type: 'terminal:gap',
    fromSequence: 1,
    toSequence: 2,
    bytes: 70_000,
    reason: 'agent_overflow',
  };
  const expected = [
    { type: 'terminal:output', sequence: 0, data: 'before' },
    gap,
    { type: 'terminal:output', sequence: 2, data: 'after' },
  ];
  expect(fixture.dashboard.terminalMessages(id)).toMatchObject(expected);
  await using hub = await fixture.hub.crash();
  const dashboard = await connectDashboard(hub);
  await dashboard.waitUntil(() => dashboard.terminalMessages(id)[2], 'the replay');
  expect(dashboard.terminalMessages(id)).toMatchObject(expected);
});

test('gaps without output in between are replayed as one gap', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'before');
  await dashboard.waitForOutput(id, 'before');
  for (let nextSequence = 2; nextSequence <= 6; nextSequence++) {
    agent.send({ type: 'terminal:gap', commandId: id, nextSequence, bytes: 100 });
    await dashboard.waitUntil(() => dashboard.ofType('terminal:gap')[nextSequence - 2], 'the gap');
  }
  agent.setNextSequence(id, 6);
  agent.sendOutput(id, 'after');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  expect(dashboard.sequencesOf(id)).toEqual([0, [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], 6]);
  const gap = { type: 'terminal:gap', toSequence: 6, reason: 'agent_overflow' };
  const rest = [
    { type: 'terminal:output', sequence: 6, data: 'after' },
    { type: 'terminal:complete', lastSequence: 6, totalBytes: 511 },
  ];
  const late = await connectDashboard(hub);
  late.send({ type: 'terminal:attach', commandId: id });
  await late.waitForComplete(id);
  const replay = [
    { type: 'terminal:output', sequence: 0, data: 'before' },
    { ...gap, fromSequence: 1, bytes: 500 },
    ...rest,
  ];
  expect(late.terminalMessages(id)).toMatchObject(replay);
  const headers = { accept: 'application/x-ndjson' };
  const response = await hub.callApi('GET', `/commands/${id}/output`, { headers });
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject(replay);
  const resumed = await connectDashboard(hub);
  resumed.send({ type: 'terminal:attach', commandId: id, afterSequence: 2 });
  await resumed.waitForComplete(id);
  expect(resumed.terminalMessages(id)).toMatchObject([
    { ...gap, fromSequence: 3, bytes: 300 },
    ...rest,
  ]);
});

test('output missing from the result is a gap of unknown size', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  fixture.agent.sendOutput(id, 'a');
  fixture.agent.sendFinished(id, { lastSequence: 5 });
  expect(await fixture.dashboard.waitForComplete(id)).toMatchObject({ lastSequence: 1 });
  expect(fixture.dashboard.sequencesOf(id)).toEqual([0, [1, 2]]);
});

test('output continues while the disk fails, and is acknowledged afterwards', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  hub.store.fail((call) => call === 'output.append');
  agent.sendOutput(id, 'a');
  await hub.store.waitForFault('output.append');
  agent.sendOutput(id, 'b', 'stderr');
  await dashboard.waitForOutput(id, 'ab');
  await hub.flush();
  await agent.ping();
  expect(agent.ofType('output:ack')).toEqual([]);
  hub.store.clearFaults();
  hub.clock.advance(1_000);
  await agent.waitForAck(id, 2);
  expect((await hub.store.output.listLatest(id, Infinity)).map(({ data }) => data)).toEqual([
    'a',
    'b',
  ]);
});

test('terminal:complete follows the last chunk', async () => {
  await using fixture = await startHubFixture();
  const id = await fixture.startCommand();
  for (let i = 0; i < 50; i++) fixture.agent.sendOutput(id, `${i} `);
  fixture.agent.sendFinished(id);
  await fixture.dashboard.waitForComplete(id);
  const types = fixture.dashboard.terminalMessages(id).map(({ type }) => type);
  expect(types.lastIndexOf('terminal:output')).toBe(types.indexOf('terminal:complete') - 1);
  expect(fixture.dashboard.outputOf(id)).toBe(
    Array.from({ length: 50 }, (_, i) => `${i} `).join(''),
  );
});

describe('more than 1 MB of output', () => {
  test('drops the oldest chunks with one warning, and a late dashboard receives the exact gap', async () => {
    await using fixture = await startHubFixture({ settings: { transcriptRetentionMs: 0 } });
    const { hub, agent, dashboard } = fixture;
    const id = await fixture.startCommand();
    // An agent sends no more unacknowledged output than it can hold.
    for (let sent = 50; sent <= 250; sent += 50) {
      for (let i = 0; i < 50; i++) agent.sendOutput(id, CHUNK);
      await agent.waitForAck(id, sent);
      await dashboard.waitFor('terminal:output', ({ sequence }) => sequence === sent - 1);
    }
    const late = await connectDashboard(hub);
    agent.sendOutput(id, 'the end');
    agent.sendFinished(id);
    const { totalBytes } = await late.waitForComplete(id);
    await dashboard.waitForComplete(id);
    expect(totalBytes).toBe(250 * CHUNK_BYTES + 7);
    expect(byteLength(dashboard.outputOf(id))).toBe(totalBytes);

    const [gap, first] = late.terminalMessages(id);
    expect(gap).toMatchObject({ type: 'terminal:gap', fromSequence: 0, reason: 'buffer_overflow' });
    if (gap?.type !== 'terminal:gap' || first?.type !== 'terminal:output')
      throw new Error('Expected a gap.');
    expect(first.sequence).toBe(gap.toSequence);
    expect(gap.bytes + byteLength(late.outputOf(id))).toBe(totalBytes);
    expect(byteLength(late.outputOf(id))).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(dashboard.outputOf(id)).toEndWith(late.outputOf(id));

    const warnings = hub.logEntries.filter(({ message }) =>
      message.includes('Terminal buffer full'),
    );
    expect(warnings).toMatchObject([{ level: 'warn', fields: { commandId: id } }]);
    const text = await (await hub.callApi('GET', `/commands/${id}/output`)).text();
    expect(text).toBe(late.outputOf(id));
  });

  test('is restored up to 1 MB', async () => {
    await using fixture = await startHubFixture({
      onDisk: true,
      settings: { transcriptRetentionMs: 0 },
    });
    const id = await fixture.startCommand();
    for (let i = 0; i < 150; i++) fixture.agent.sendOutput(id, CHUNK);
    await fixture.agent.waitForAck(id, 150);
    await using hub = await fixture.hub.restart();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitUntil(() => dashboard.sequencesOf(id).at(-1) === 149, 'the last chunk');
    const [gap] = dashboard.terminalMessages(id);
    expect(gap).toMatchObject({ type: 'terminal:gap', fromSequence: 0 });
    if (gap?.type !== 'terminal:gap') throw new Error('Expected a gap.');
    expect(byteLength(dashboard.outputOf(id))).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(gap.bytes + byteLength(dashboard.outputOf(id))).toBe(150 * CHUNK_BYTES);
  });
});

test('output missing from a late result is a gap of unknown size', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  dashboard.send({ type: 'command:interrupt', commandId: id });
  await agent.waitFor('command:interrupt');
  await hub.advance(30_000, agent, dashboard);
  await dashboard.waitForStatus(id, 'interrupted');
  agent.sendOutput(id, 'a');
  agent.sendFinished(id, { outcome: 'interrupted', exitCode: null, lastSequence: 1 });
  expect(await dashboard.waitForComplete(id)).toMatchObject({ lastSequence: 1 });
  expect(dashboard.sequencesOf(id)).toEqual([0, [1, 2]]);
});

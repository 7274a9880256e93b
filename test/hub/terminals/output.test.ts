// Output on its way: from the agent's socket to the dashboards, and to disk.
import { describe, expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { BUFFER_BYTES, CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';

const LINE = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;

describe('output', () => {
  test('reaches dashboards in chunks of whole code points, numbered without a hole', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    const text = '😀é€a'.repeat(10_000);
    for (let at = 0; at < text.length; at += 3_500)
      on.agent.sendOutput(id, text.slice(at, at + 3_500));
    on.agent.sendOutput(id, 'and an error', 'stderr');
    on.agent.sendFinished(id);
    const { totalBytes, lastSequence } = await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe(`${text}and an error`);
    expect(totalBytes).toBe(byteLength(text) + 12);
    const sequences = on.dashboard.sequencesOf(id);
    expect(sequences).toEqual(Array.from({ length: lastSequence + 1 }, (_, i) => i));
    for (const { data } of on.dashboard.ofType('terminal:output')) {
      expect(byteLength(data)).toBeLessThanOrEqual(CHUNK_BYTES);
      expect(data.isWellFormed()).toBe(true);
    }
  });

  test('is shown before it is on disk, and acknowledged only once it is', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
    hub.store.hold((call) => call === 'output.append');
    agent.sendOutput(id, 'a');
    await dashboard.waitUntil(() => dashboard.outputOf(id) || undefined, 'live output');
    await hub.store.waitForFault('output.append');
    await hub.flush();
    await agent.ping();
    expect(agent.ofType('output:ack')).toEqual([]);
    hub.store.clearFaults();
    expect(await agent.waitForAck(id, 1)).toMatchObject({ nextSequence: 1 });
    expect(await hub.store.commands.find(id)).toMatchObject({ agentNextSequence: 1 });
    expect(await hub.store.output.list(id)).toMatchObject([{ sequence: 0, data: 'a' }]);
  });

  test('without any text is acknowledged too', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendOutput(id, '');
    await on.agent.waitForAck(id, 1);
    on.agent.sendOutput(id, 'a');
    on.agent.sendOutput(id, '');
    await on.agent.waitForAck(id, 3);
    on.agent.sendFinished(id);
    expect((await on.dashboard.waitForComplete(id)).lastSequence).toBe(0);
  });

  test('is on disk before the end of its command is', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
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

  test('is acknowledged by whole messages: half a message on disk is never said to be safe', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const id = await on.startCommand();
    const pieces = Array.from({ length: 40 }, (_, i) => `${i}:`.padEnd(7_000, '.'));
    for (const piece of pieces) on.agent.sendOutput(id, piece);
    await on.agent.waitForAck(id, 7);
    await using hub = await on.hub.crash();
    const { agentNextSequence } = (await hub.store.commands.find(id)) ?? expect.unreachable();
    const kept = (await hub.store.output.list(id)).map(({ data }) => data).join('');
    expect(agentNextSequence).toBeGreaterThanOrEqual(7);
    expect(kept).toBe(pieces.slice(0, agentNextSequence).join(''));
  });

  test('that comes twice is taken once', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    on.agent.sendOutput(id, 'b');
    on.agent.setNextSequence(id, 0);
    on.agent.sendOutput(id, 'a');
    on.agent.sendOutput(id, 'b');
    on.agent.sendOutput(id, 'c');
    on.agent.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('abc');
  });

  test('of a command that the agent does not have is ignored', async () => {
    await using on = await startHubFixture();
    const other = await connectAgent(on.hub, { agentId: 'other' });
    const id = await on.startCommand();
    const waiting = await on.dashboard.request('!next');
    for (const commandId of [id, waiting, 'nothing']) {
      other.sendOutput(commandId, 'forged');
      other.send({ type: 'terminal:gap', commandId, nextSequence: 9, bytes: 9 });
      other.sendStarted(commandId);
      other.sendFinished(commandId);
      await other.waitForAcknowledged(commandId);
    }
    on.agent.sendOutput(waiting, 'too early');
    on.agent.sendOutput(id, 'real');
    on.agent.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    expect(on.dashboard.outputOf(id)).toBe('real');
    expect(on.dashboard.terminalMessages(waiting)).toEqual([]);
    expect(on.dashboard.statusesOf(waiting)).toEqual(['queued']);
  });

  test('that the agent had to drop is one gap with one sequence, on disk like a chunk', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'before');
    on.agent.send({ type: 'terminal:gap', commandId: id, nextSequence: 8, bytes: 70_000 });
    on.agent.setNextSequence(id, 8);
    on.agent.sendOutput(id, 'after');
    await on.agent.waitForAck(id, 9);
    await on.dashboard.waitUntil(
      () => on.dashboard.outputOf(id) === 'beforeafter' || undefined,
      'after',
    );
    const gap = {
      type: 'terminal:gap',
      fromSequence: 1,
      toSequence: 2,
      bytes: 70_000,
      reason: 'agent_overflow',
    };
    const seen = [
      { type: 'terminal:output', sequence: 0, data: 'before' },
      gap,
      { type: 'terminal:output', sequence: 2, data: 'after' },
    ];
    expect(on.dashboard.terminalMessages(id)).toMatchObject(seen);
    await using hub = await on.hub.crash();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitUntil(() => dashboard.terminalMessages(id)[2], 'the replay');
    expect(dashboard.terminalMessages(id)).toMatchObject(seen);
  });

  test('that never came before the result is a gap of unknown size', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    on.agent.sendOutput(id, 'a');
    on.agent.sendFinished(id, { lastSequence: 5 });
    expect(await on.dashboard.waitForComplete(id)).toMatchObject({ lastSequence: 1 });
    expect(on.dashboard.sequencesOf(id)).toEqual([0, [1, 2]]);
  });

  test('goes on while the disk fails, is tried again, and then acknowledged', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
    hub.store.fail((call) => call === 'output.append');
    agent.sendOutput(id, 'a');
    await hub.store.waitForFault('output.append');
    agent.sendOutput(id, 'b', 'stderr');
    await dashboard.waitUntil(() => dashboard.outputOf(id) === 'ab' || undefined, 'live output');
    await hub.flush();
    await agent.ping();
    expect(agent.ofType('output:ack')).toEqual([]);
    hub.store.clearFaults();
    hub.clock.advance(1_000);
    await agent.waitForAck(id, 2);
    expect((await hub.store.output.list(id)).map(({ data }) => data)).toEqual(['a', 'b']);
  });

  test('comes whole before the end: complete follows the last chunk, wherever the status is', async () => {
    await using on = await startHubFixture();
    const id = await on.startCommand();
    for (let i = 0; i < 50; i++) on.agent.sendOutput(id, `${i} `);
    on.agent.sendFinished(id);
    await on.dashboard.waitForComplete(id);
    const types = on.dashboard.terminalMessages(id).map(({ type }) => type);
    expect(types.lastIndexOf('terminal:output')).toBe(types.indexOf('terminal:complete') - 1);
    expect(on.dashboard.outputOf(id)).toBe(Array.from({ length: 50 }, (_, i) => `${i} `).join(''));
  });
});

describe('more than 1 MB', () => {
  test('loses its oldest chunks, with one warning; a late viewer is told exactly how much', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const id = await on.startCommand();
    // An agent sends no more than it may hold unacknowledged.
    for (let sent = 50; sent <= 250; sent += 50) {
      for (let i = 0; i < 50; i++) agent.sendOutput(id, LINE);
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
      throw new Error('no gap');
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

  test('comes back after a restart as no more than is held', async () => {
    await using on = await startHubFixture({ onDisk: true });
    const id = await on.startCommand();
    for (let i = 0; i < 150; i++) on.agent.sendOutput(id, LINE);
    await on.agent.waitForAck(id, 150);
    await using hub = await on.hub.restart();
    const dashboard = await connectDashboard(hub);
    await dashboard.waitUntil(
      () => dashboard.sequencesOf(id).at(-1) === 149 || undefined,
      'the last',
    );
    const [gap] = dashboard.terminalMessages(id);
    expect(gap).toMatchObject({ type: 'terminal:gap', fromSequence: 0 });
    if (gap?.type !== 'terminal:gap') throw new Error('no gap');
    expect(byteLength(dashboard.outputOf(id))).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(gap.bytes + byteLength(dashboard.outputOf(id))).toBe(150 * CHUNK_BYTES);
  });
});

/** Memory of a buffer with one small chunk. */
const SMALL_BUFFER_BYTES = 2_200;

describe('buffers of ended commands', () => {
  /** Runs a command to its end; answers its id. */
  async function ended(on: HubFixture, text: string) {
    const id = await on.startCommand();
    on.agent.sendOutput(id, text);
    on.agent.sendFinished(id);
    await on.agent.waitForAcknowledged(id);
    await confirm(on);
    return id;
  }
  /** Lets the dashboard confirm what it received, so that buffers can be freed. */
  async function confirm(on: HubFixture) {
    for (let i = 0; i < 3; i++) await on.hub.advance(1_000, on.agent, on.dashboard);
  }
  const isHeld = (on: HubFixture, id: string) => on.hub.hub.history.outputState(id) === 'held';

  test('stay until memory is short; then the least recently read goes, on disk too', async () => {
    await using on = await startHubFixture({
      settings: { bufferMemoryBytes: 2.5 * SMALL_BUFFER_BYTES },
    });
    const [a, b] = [await ended(on, 'a'.repeat(10)), await ended(on, 'b'.repeat(10))];
    expect([isHeld(on, a), isHeld(on, b)]).toEqual([true, true]);
    expect(await (await on.hub.callApi('GET', `/commands/${a}/output`)).text()).toBe(
      'a'.repeat(10),
    );
    on.hub.clock.advance(1);
    const c = await ended(on, 'c'.repeat(10));
    expect([isHeld(on, a), isHeld(on, b), isHeld(on, c)]).toEqual([true, false, true]);
    await on.hub.flush();
    expect(await on.hub.store.output.list(b)).toEqual([]);
    expect(await on.hub.store.output.list(a)).toHaveLength(1);
  });

  test('that are gone are told as expired, with their size, and as 410', async () => {
    await using on = await startHubFixture({ settings: { bufferMemoryBytes: SMALL_BUFFER_BYTES } });
    const a = await ended(on, 'a'.repeat(10));
    await ended(on, 'b'.repeat(10));
    expect(isHeld(on, a)).toBe(false);
    const late = await connectDashboard(on.hub);
    late.send({ type: 'terminal:attach', commandId: a });
    expect(await late.waitForComplete(a)).toMatchObject({ lastSequence: 0, totalBytes: 10 });
    expect(late.terminalMessages(a)).toMatchObject([
      { type: 'terminal:gap', fromSequence: 0, toSequence: 1, bytes: 10, reason: 'expired' },
      { type: 'terminal:complete' },
    ]);
    late.send({ type: 'terminal:attach', commandId: a, afterSequence: 0 });
    await late.waitUntil(() => late.ofType('terminal:complete')[1], 'complete again');
    expect(late.ofType('terminal:gap')).toHaveLength(1);
    const answer = await on.hub.callApi('GET', `/commands/${a}/output`);
    expect(answer.status).toBe(410);
    expect(await answer.json()).toMatchObject({ error: { code: 'expired' } });
  });

  test('stay while their command has not ended, however little memory there is', async () => {
    await using on = await startHubFixture({ settings: { bufferMemoryBytes: 1 } });
    const running = await on.startCommand();
    on.agent.sendOutput(running, 'r'.repeat(10));
    const second = await connectAgent(on.hub, { agentId: 'second' });
    const other = await on.dashboard.request('!ls', { agentId: 'second' });
    await second.waitForExecute(other);
    second.run(other, 'o'.repeat(10));
    await second.waitForAcknowledged(other);
    await confirm(on);
    expect([isHeld(on, running), isHeld(on, other)]).toEqual([true, false]);
    on.agent.sendFinished(running);
    await on.dashboard.waitForComplete(running);
    expect(on.dashboard.outputOf(running)).toBe('r'.repeat(10));
  });

  test("of a removed agent's commands are told to the end", async () => {
    await using on = await startHubFixture();
    const id = await ended(on, 'hello');
    await on.hub.callApi('DELETE', '/agents/agent', { role: 'admin' });
    on.dashboard.send({ type: 'terminal:attach', commandId: id });
    await on.dashboard.waitUntil(
      () => on.dashboard.ofType('terminal:complete')[1],
      'complete again',
    );
  });
});

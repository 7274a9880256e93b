// Output on its way: from the agent's socket to the dashboards, and to disk.
import { describe, expect, test } from 'bun:test';
import { connectAgent } from '../../support/hub/scripted-agent.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { createStage } from '../../support/hub/stage.ts';
import { BUFFER_BYTES, CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';

const LINE = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;

describe('output', () => {
  test('reaches dashboards in chunks of whole code points, numbered without a hole', async () => {
    await using on = await createStage();
    const id = await on.running();
    const text = '😀é€a'.repeat(10_000);
    for (let at = 0; at < text.length; at += 3_500) on.agent.output(id, text.slice(at, at + 3_500));
    on.agent.output(id, 'and an error', 'stderr');
    on.agent.finish(id);
    const { totalBytes, lastSequence } = await on.dashboard.complete(id);
    expect(on.dashboard.text(id)).toBe(`${text}and an error`);
    expect(totalBytes).toBe(byteLength(text) + 12);
    const sequences = on.dashboard.sequences(id);
    expect(sequences).toEqual(Array.from({ length: lastSequence + 1 }, (_, i) => i));
    for (const { data } of on.dashboard.ofType('terminal:output')) {
      expect(byteLength(data)).toBeLessThanOrEqual(CHUNK_BYTES);
      expect(data.isWellFormed()).toBe(true);
    }
  });

  test('is shown before it is on disk, and acknowledged only once it is', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    hub.store.hold((call) => call === 'output.append');
    agent.output(id, 'a');
    await dashboard.when(() => dashboard.text(id) || undefined, 'live output');
    await hub.store.met('output.append');
    await hub.settled();
    await agent.ping();
    expect(agent.ofType('output:ack')).toEqual([]);
    hub.store.heal();
    expect(await agent.acked(id, 1)).toMatchObject({ nextSequence: 1 });
    expect(await hub.store.commands.find(id)).toMatchObject({ agentNextSequence: 1 });
    expect(await hub.store.output.list(id)).toMatchObject([{ sequence: 0, data: 'a' }]);
  });

  test('without any text is acknowledged too', async () => {
    await using on = await createStage();
    const id = await on.running();
    on.agent.output(id, '');
    await on.agent.acked(id, 1);
    on.agent.output(id, 'a');
    on.agent.output(id, '');
    await on.agent.acked(id, 3);
    on.agent.finish(id);
    expect((await on.dashboard.complete(id)).lastSequence).toBe(0);
  });

  test('is on disk before the end of its command is', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    hub.store.hold((call) => call === 'output.append');
    agent.output(id, 'a');
    agent.finish(id);
    await hub.store.met('output.append');
    await hub.settled();
    await Promise.all([agent.ping(), dashboard.ping()]);
    expect(agent.ofType('command:acknowledged')).toEqual([]);
    expect(dashboard.statuses(id)).toEqual(['queued', 'running']);
    hub.store.heal();
    await agent.acknowledged(id);
    await dashboard.status(id, 'completed');
  });

  test('is acknowledged by whole messages: half a message on disk is never said to be safe', async () => {
    await using on = await createStage({ onDisk: true });
    const id = await on.running();
    const pieces = Array.from({ length: 40 }, (_, i) => `${i}:`.padEnd(7_000, '.'));
    for (const piece of pieces) on.agent.output(id, piece);
    await on.agent.acked(id, 7);
    await using hub = await on.hub.crash();
    const { agentNextSequence } = (await hub.store.commands.find(id)) ?? expect.unreachable();
    const kept = (await hub.store.output.list(id)).map(({ data }) => data).join('');
    expect(agentNextSequence).toBeGreaterThanOrEqual(7);
    expect(kept).toBe(pieces.slice(0, agentNextSequence).join(''));
  });

  test('that comes twice is taken once', async () => {
    await using on = await createStage();
    const id = await on.running();
    on.agent.output(id, 'a');
    on.agent.output(id, 'b');
    on.agent.goOnFrom(id, 0);
    on.agent.output(id, 'a');
    on.agent.output(id, 'b');
    on.agent.output(id, 'c');
    on.agent.finish(id);
    await on.dashboard.complete(id);
    expect(on.dashboard.text(id)).toBe('abc');
  });

  test('of a command that the agent does not have is ignored', async () => {
    await using on = await createStage();
    const other = await connectAgent(on.hub, { agentId: 'other' });
    const id = await on.running();
    const waiting = await on.dashboard.request('!next');
    for (const commandId of [id, waiting, 'nothing']) {
      other.output(commandId, 'forged');
      other.say({ type: 'terminal:gap', commandId, nextSequence: 9, bytes: 9 });
      other.started(commandId);
      other.finish(commandId);
      await other.acknowledged(commandId);
    }
    on.agent.output(waiting, 'too early');
    on.agent.output(id, 'real');
    on.agent.finish(id);
    await on.dashboard.complete(id);
    expect(on.dashboard.text(id)).toBe('real');
    expect(on.dashboard.terminal(waiting)).toEqual([]);
    expect(on.dashboard.statuses(waiting)).toEqual(['queued']);
  });

  test('that the agent had to drop is one gap with one sequence, on disk like a chunk', async () => {
    await using on = await createStage({ onDisk: true });
    const id = await on.running();
    on.agent.output(id, 'before');
    on.agent.say({ type: 'terminal:gap', commandId: id, nextSequence: 8, bytes: 70_000 });
    on.agent.goOnFrom(id, 8);
    on.agent.output(id, 'after');
    await on.agent.acked(id, 9);
    await on.dashboard.when(() => on.dashboard.text(id) === 'beforeafter' || undefined, 'after');
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
    expect(on.dashboard.terminal(id)).toMatchObject(seen);
    await using hub = await on.hub.crash();
    const dashboard = await connectDashboard(hub);
    await dashboard.when(() => dashboard.terminal(id)[2], 'the replay');
    expect(dashboard.terminal(id)).toMatchObject(seen);
  });

  test('that never came before the result is a gap of unknown size', async () => {
    await using on = await createStage();
    const id = await on.running();
    on.agent.output(id, 'a');
    on.agent.finish(id, { lastSequence: 5 });
    expect(await on.dashboard.complete(id)).toMatchObject({ lastSequence: 1 });
    expect(on.dashboard.sequences(id)).toEqual([0, [1, 2]]);
  });

  test('goes on while the disk fails, is tried again, and then acknowledged', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    hub.store.fail((call) => call === 'output.append');
    agent.output(id, 'a');
    await hub.store.met('output.append');
    agent.output(id, 'b', 'stderr');
    await dashboard.when(() => dashboard.text(id) === 'ab' || undefined, 'live output');
    await hub.settled();
    await agent.ping();
    expect(agent.ofType('output:ack')).toEqual([]);
    hub.store.heal();
    hub.clock.advance(1_000);
    await agent.acked(id, 2);
    expect((await hub.store.output.list(id)).map(({ data }) => data)).toEqual(['a', 'b']);
  });

  test('comes whole before the end: complete follows the last chunk, wherever the status is', async () => {
    await using on = await createStage();
    const id = await on.running();
    for (let i = 0; i < 50; i++) on.agent.output(id, `${i} `);
    on.agent.finish(id);
    await on.dashboard.complete(id);
    const types = on.dashboard.terminal(id).map(({ type }) => type);
    expect(types.lastIndexOf('terminal:output')).toBe(types.indexOf('terminal:complete') - 1);
    expect(on.dashboard.text(id)).toBe(Array.from({ length: 50 }, (_, i) => `${i} `).join(''));
  });
});

describe('more than 1 MB', () => {
  test('loses its oldest chunks, with one warning; a late viewer is told exactly how much', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const id = await on.running();
    // An agent sends no more than it may hold unacknowledged.
    for (let sent = 50; sent <= 250; sent += 50) {
      for (let i = 0; i < 50; i++) agent.output(id, LINE);
      await agent.acked(id, sent);
      await dashboard.find('terminal:output', ({ sequence }) => sequence === sent - 1);
    }
    const late = await connectDashboard(hub);
    agent.output(id, 'the end');
    agent.finish(id);
    const { totalBytes } = await late.complete(id);
    await dashboard.complete(id);
    expect(totalBytes).toBe(250 * CHUNK_BYTES + 7);
    expect(byteLength(dashboard.text(id))).toBe(totalBytes);

    const [gap, first] = late.terminal(id);
    expect(gap).toMatchObject({ type: 'terminal:gap', fromSequence: 0, reason: 'buffer_overflow' });
    if (gap?.type !== 'terminal:gap' || first?.type !== 'terminal:output')
      throw new Error('no gap');
    expect(first.sequence).toBe(gap.toSequence);
    expect(gap.bytes + byteLength(late.text(id))).toBe(totalBytes);
    expect(byteLength(late.text(id))).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(dashboard.text(id)).toEndWith(late.text(id));

    const warnings = hub.log.filter(({ message }) => message.includes('Terminal buffer full'));
    expect(warnings).toMatchObject([{ level: 'warn', about: { commandId: id } }]);
    const text = await (await hub.call('GET', `/commands/${id}/output`)).text();
    expect(text).toBe(late.text(id));
  });

  test('comes back after a restart as no more than is held', async () => {
    await using on = await createStage({ onDisk: true });
    const id = await on.running();
    for (let i = 0; i < 150; i++) on.agent.output(id, LINE);
    await on.agent.acked(id, 150);
    await using hub = await on.hub.restart();
    const dashboard = await connectDashboard(hub);
    await dashboard.when(() => dashboard.sequences(id).at(-1) === 149 || undefined, 'the last');
    const [gap] = dashboard.terminal(id);
    expect(gap).toMatchObject({ type: 'terminal:gap', fromSequence: 0 });
    if (gap?.type !== 'terminal:gap') throw new Error('no gap');
    expect(byteLength(dashboard.text(id))).toBeLessThanOrEqual(BUFFER_BYTES);
    expect(gap.bytes + byteLength(dashboard.text(id))).toBe(150 * CHUNK_BYTES);
  });
});

describe('buffers of ended commands', () => {
  /** Runs a command to its end; answers its id. */
  async function ended(on: Awaited<ReturnType<typeof createStage>>, text: string) {
    const id = await on.running();
    on.agent.output(id, text);
    on.agent.finish(id);
    await on.agent.acknowledged(id);
    on.hub.clock.advance(1);
    return id;
  }
  const isHeld = (on: Awaited<ReturnType<typeof createStage>>, id: string) =>
    on.hub.hub.history.outputState(id) === 'held';

  test('stay until memory is short; then the least recently read goes, on disk too', async () => {
    await using on = await createStage({ settings: { bufferMemoryBytes: 25 } });
    const [a, b] = [await ended(on, 'a'.repeat(10)), await ended(on, 'b'.repeat(10))];
    expect([isHeld(on, a), isHeld(on, b)]).toEqual([true, true]);
    expect(await (await on.hub.call('GET', `/commands/${a}/output`)).text()).toBe('a'.repeat(10));
    on.hub.clock.advance(1);
    const c = await ended(on, 'c'.repeat(10));
    expect([isHeld(on, a), isHeld(on, b), isHeld(on, c)]).toEqual([true, false, true]);
    await on.hub.settled();
    expect(await on.hub.store.output.list(b)).toEqual([]);
    expect(await on.hub.store.output.list(a)).toHaveLength(1);
  });

  test('that are gone are told as expired, with their size, and as 410', async () => {
    await using on = await createStage({ settings: { bufferMemoryBytes: 10 } });
    const a = await ended(on, 'a'.repeat(10));
    await ended(on, 'b'.repeat(10));
    expect(isHeld(on, a)).toBe(false);
    const late = await connectDashboard(on.hub);
    late.say({ type: 'terminal:attach', commandId: a });
    expect(await late.complete(a)).toMatchObject({ lastSequence: 0, totalBytes: 10 });
    expect(late.terminal(a)).toMatchObject([
      { type: 'terminal:gap', fromSequence: 0, toSequence: 1, bytes: 10, reason: 'expired' },
      { type: 'terminal:complete' },
    ]);
    late.say({ type: 'terminal:attach', commandId: a, afterSequence: 0 });
    await late.when(() => late.ofType('terminal:complete')[1], 'complete again');
    expect(late.ofType('terminal:gap')).toHaveLength(1);
    const answer = await on.hub.call('GET', `/commands/${a}/output`);
    expect(answer.status).toBe(410);
    expect(await answer.json()).toMatchObject({ error: { code: 'expired' } });
  });

  test('stay while their command has not ended, however little memory there is', async () => {
    await using on = await createStage({ settings: { bufferMemoryBytes: 1 } });
    const running = await on.running();
    on.agent.output(running, 'r'.repeat(10));
    const second = await connectAgent(on.hub, { agentId: 'second' });
    const other = await on.dashboard.request('!ls', { agentId: 'second' });
    await second.given(other);
    second.run(other, 'o'.repeat(10));
    await second.acknowledged(other);
    expect([isHeld(on, running), isHeld(on, other)]).toEqual([true, false]);
    on.agent.finish(running);
    await on.dashboard.complete(running);
    expect(on.dashboard.text(running)).toBe('r'.repeat(10));
  });

  test("of a removed agent's commands are told to the end", async () => {
    await using on = await createStage();
    const id = await ended(on, 'hello');
    await on.hub.call('DELETE', '/agents/agent', { role: 'admin' });
    on.dashboard.say({ type: 'terminal:attach', commandId: id });
    await on.dashboard.when(() => on.dashboard.ofType('terminal:complete')[1], 'complete again');
  });
});

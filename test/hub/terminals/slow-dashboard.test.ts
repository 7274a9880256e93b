// A dashboard that stops reading: it costs the hub a bounded amount, the others nothing, and itself at most a gap it is told of.
import { describe, expect, test } from 'bun:test';
import { CHUNK_BYTES, SLOW_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';
import { connectBareDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { createStage, type Stage } from '../../support/hub/stage.ts';

const LINE = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;
/** More than the network between the two takes by itself. */
const FLOOD = 1_500;

/** Sends so many chunks; a dashboard that reads has them all before the next come. */
async function flood({ agent, dashboard }: Stage, id: string, from: number, chunks: number) {
  for (let i = from; i < from + chunks; i++) agent.output(id, LINE);
  await agent.acked(id, from + chunks);
  const last = from + chunks - 1;
  await dashboard.find('terminal:output', (it) => it.commandId === id && it.sequence === last);
}

/** Whether sequences and gaps lead from `from` to `to` without a hole and without a repetition. */
function isWhole(sequences: (number | [number, number])[], from: number, to: number) {
  let next = from;
  for (const step of sequences) {
    const [start, end] = typeof step === 'number' ? [step, step + 1] : step;
    if (start !== next) return false;
    next = end;
  }
  return next === to;
}

describe('a dashboard that stops reading', () => {
  test('has a bounded amount before it, disturbs nobody, and gets every byte or a gap when it reads on', async () => {
    await using on = await createStage();
    const slow = await connectBareDashboard(on.hub);
    const { connectionId } = await slow.find('dashboard:welcome');
    const id = await on.running();
    await slow.status(id, 'running');
    slow.wire.pause();
    let most = 0;
    for (let sent = 0; sent < FLOOD; sent += 50) {
      await flood(on, id, sent, 50);
      most = Math.max(
        most,
        on.hub.hub.state.dashboards.get(connectionId)?.link.bufferedBytes() ?? 0,
      );
    }
    expect(most).toBeGreaterThan(SLOW_BYTES);
    expect(most).toBeLessThan(SLOW_BYTES + 4 * CHUNK_BYTES);
    on.agent.finish(id);
    const { totalBytes } = await on.dashboard.complete(id);
    expect(on.dashboard.sequences(id)).toEqual(Array.from({ length: FLOOD }, (_, i) => i));

    slow.wire.resume();
    const { lastSequence } = await slow.complete(id);
    const sequences = slow.sequences(id);
    expect(isWhole(sequences, 0, lastSequence + 1)).toBe(true);
    const gaps = slow.ofType('terminal:gap');
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ reason }) => reason === 'buffer_overflow')).toBe(true);
    const lost = gaps.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(byteLength(slow.text(id)) + lost).toBe(totalBytes);
  });

  test('is replayed no more at once than it takes, however much is held', async () => {
    await using on = await createStage();
    const slow = await connectBareDashboard(on.hub, { terminals: 'attached' });
    const { connectionId } = await slow.find('dashboard:welcome');
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) {
      const id = await on.running();
      await flood(on, id, 0, 50);
      await flood(on, id, 50, 50);
      on.agent.finish(id);
      await on.agent.acknowledged(id);
      ids.push(id);
    }
    slow.wire.pause();
    for (const commandId of ids) slow.say({ type: 'terminal:attach', commandId });
    const connection = on.hub.hub.state.dashboards.get(connectionId);
    on.hub.clock.advance(1);
    slow.say({ type: 'terminal:detach', commandId: 'the last word' });
    while (connection?.lastActivity !== on.hub.clock.now()) await on.hub.settled();
    expect(connection?.link.bufferedBytes()).toBeLessThan(SLOW_BYTES + 4 * CHUNK_BYTES);
    slow.wire.resume();
    for (const id of ids) {
      await slow.complete(id);
      expect(slow.sequences(id)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  test('for a moment misses nothing, and follows live again', async () => {
    await using on = await createStage();
    const slow = await connectBareDashboard(on.hub);
    const { connectionId } = await slow.find('dashboard:welcome');
    const id = await on.running();
    slow.wire.pause();
    const connection = on.hub.hub.state.dashboards.get(connectionId);
    let sent = 0;
    while (connection?.subscriptions.get(id)?.isLive !== false) {
      await flood(on, id, sent, 20);
      sent += 20;
    }
    slow.wire.resume();
    await slow.when(() => slow.sequences(id).length === sent || undefined, 'all of it');
    await flood(on, id, sent, 20);
    on.agent.finish(id);
    await slow.complete(id);
    expect(slow.sequences(id)).toEqual(Array.from({ length: sent + 20 }, (_, i) => i));
  });

  test('for 30 s is closed with 1013, and may come back for the rest', async () => {
    await using on = await createStage();
    const { hub, agent, dashboard } = on;
    const slow = await connectBareDashboard(hub);
    const { connectionId, hubEpoch } = await slow.find('dashboard:welcome');
    const id = await on.running();
    slow.wire.pause();
    const connection = hub.hub.state.dashboards.get(connectionId);
    let sent = 0;
    while (connection?.subscriptions.get(id)?.isLive !== false) {
      await flood(on, id, sent, 20);
      sent += 20;
    }
    await hub.pass(29_000, agent, dashboard);
    expect(connection.state).toBe('CONNECTED');
    await hub.pass(1_000, agent, dashboard);
    expect(connection.state).toBe('RECONNECTING');
    slow.wire.resume();
    expect(await slow.closed).toEqual({ code: 1013, reason: 'slow_consumer' });

    const had = slow.sequences(id);
    const back = await openDashboard(hub);
    const terminals = [{ commandId: id, afterSequence: had.length - 1 }];
    const welcome = await back.hello(hub, { resume: { connectionId, hubEpoch, terminals } });
    expect(welcome.resumed).toBe(true);
    agent.finish(id);
    await back.complete(id);
    expect(isWhole([...had, ...back.sequences(id)], 0, sent)).toBe(true);
  });
});

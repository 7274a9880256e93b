// A dashboard that stops reading: it costs the hub a bounded amount, the others nothing, and itself at most a gap it is told of.
import { describe, expect, test } from 'bun:test';
import { CHUNK_BYTES, SLOW_BYTES } from '../../../src/protocol/limits.ts';
import { byteLength } from '../../../src/protocol/text.ts';
import { connectManualDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const LINE = `${'x'.repeat(CHUNK_BYTES - 1)}\n`;
/** More than the network between the two takes by itself. */
const FLOOD = 1_500;

/** Sends so many chunks; a dashboard that reads has them all before the next come. */
async function flood({ agent, dashboard }: HubFixture, id: string, from: number, chunks: number) {
  for (let i = from; i < from + chunks; i++) agent.sendOutput(id, LINE);
  await agent.waitForAck(id, from + chunks);
  const last = from + chunks - 1;
  await dashboard.waitFor('terminal:output', (it) => it.commandId === id && it.sequence === last);
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
    await using on = await startHubFixture();
    const slow = await connectManualDashboard(on.hub);
    const { connectionId } = await slow.waitFor('dashboard:welcome');
    const id = await on.startCommand();
    await slow.waitForStatus(id, 'running');
    slow.pause();
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
    on.agent.sendFinished(id);
    const { totalBytes } = await on.dashboard.waitForComplete(id);
    expect(on.dashboard.sequencesOf(id)).toEqual(Array.from({ length: FLOOD }, (_, i) => i));

    slow.resume();
    const { lastSequence } = await slow.waitForComplete(id);
    const sequences = slow.sequencesOf(id);
    expect(isWhole(sequences, 0, lastSequence + 1)).toBe(true);
    const gaps = slow.ofType('terminal:gap');
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every(({ reason }) => reason === 'buffer_overflow')).toBe(true);
    const lost = gaps.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(byteLength(slow.outputOf(id)) + lost).toBe(totalBytes);
  });

  test('is replayed no more at once than it takes, however much is held', async () => {
    await using on = await startHubFixture();
    const slow = await connectManualDashboard(on.hub, { terminals: 'attached' });
    const { connectionId } = await slow.waitFor('dashboard:welcome');
    const ids: string[] = [];
    for (let i = 0; i < 8; i++) {
      const id = await on.startCommand();
      await flood(on, id, 0, 50);
      await flood(on, id, 50, 50);
      on.agent.sendFinished(id);
      await on.agent.waitForAcknowledged(id);
      ids.push(id);
    }
    slow.pause();
    for (const commandId of ids) slow.send({ type: 'terminal:attach', commandId });
    const connection = on.hub.hub.state.dashboards.get(connectionId);
    on.hub.clock.advance(1);
    slow.send({ type: 'terminal:detach', commandId: 'the last word' });
    while (connection?.lastActivity !== on.hub.clock.now()) await on.hub.flush();
    expect(connection?.link.bufferedBytes()).toBeLessThan(SLOW_BYTES + 4 * CHUNK_BYTES);
    slow.resume();
    for (const id of ids) {
      await slow.waitForComplete(id);
      expect(slow.sequencesOf(id)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  test('for a moment misses nothing, and follows live again', async () => {
    await using on = await startHubFixture();
    const slow = await connectManualDashboard(on.hub);
    const { connectionId } = await slow.waitFor('dashboard:welcome');
    const id = await on.startCommand();
    slow.pause();
    const connection = on.hub.hub.state.dashboards.get(connectionId);
    let sent = 0;
    while (connection?.subscriptions.get(id)?.state !== 'replay') {
      await flood(on, id, sent, 20);
      sent += 20;
    }
    slow.resume();
    await slow.waitUntil(() => slow.sequencesOf(id).length === sent || undefined, 'all of it');
    await flood(on, id, sent, 20);
    on.agent.sendFinished(id);
    await slow.waitForComplete(id);
    expect(slow.sequencesOf(id)).toEqual(Array.from({ length: sent + 20 }, (_, i) => i));
  });

  test('for 30 s is closed with 1013, and may come back for the rest', async () => {
    await using on = await startHubFixture();
    const { hub, agent, dashboard } = on;
    const slow = await connectManualDashboard(hub);
    const { connectionId, hubEpoch } = await slow.waitFor('dashboard:welcome');
    const id = await on.startCommand();
    slow.pause();
    const connection = hub.hub.state.dashboards.get(connectionId);
    let sent = 0;
    while (connection?.subscriptions.get(id)?.state !== 'replay') {
      await flood(on, id, sent, 20);
      sent += 20;
    }
    await hub.advance(29_000, agent, dashboard);
    expect(connection.state).toBe('CONNECTED');
    await hub.advance(1_000, agent, dashboard);
    expect(connection.state).toBe('RECONNECTING');
    slow.resume();
    expect(await slow.closed).toEqual({ code: 1013, reason: 'slow_consumer' });

    const had = slow.sequencesOf(id);
    const back = await openDashboard(hub);
    const terminals = [{ commandId: id, afterSequence: had.length - 1 }];
    const welcome = await back.connect(hub, { resume: { connectionId, hubEpoch, terminals } });
    expect(welcome.resumed).toBe(true);
    agent.sendFinished(id);
    await back.waitForComplete(id);
    expect(isWhole([...had, ...back.sequencesOf(id)], 0, sent)).toBe(true);
  });
});

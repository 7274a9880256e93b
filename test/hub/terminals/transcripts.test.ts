// Output that is only in the store: what the buffer has dropped, and the output of ended commands.
import { describe, expect, test } from 'bun:test';
import { CHUNK_BYTES } from '../../../src/protocol/limits.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { storedCommand } from '../../support/samples.ts';
import { type HubFixture, startHubFixture } from '../../support/hub/hub-fixture.ts';

const MEGABYTE = 1_048_576;
const HOUR_MS = 3_600_000;
const ATTACHED = { terminals: 'attached' } as const;

/** Sends output of 10 KB per message, each with its number. Returns the text. */
async function sendOutput(fixture: HubFixture, id: string, bytes: number, from = 0) {
  let text = '';
  let sequence = from;
  while (text.length < bytes) {
    const data = `${sequence} `.padEnd(10_000, '.');
    text += data;
    fixture.agent.sendOutput(id, data);
    sequence += 1;
    if (sequence % 50 === 0) await fixture.agent.waitForAck(id, sequence);
  }
  await fixture.agent.waitForAck(id, sequence);
  return text;
}

async function readOutput({ hub }: HubFixture, id: string) {
  const response = await hub.callApi('GET', `/commands/${id}/output`);
  return {
    text: await response.text(),
    missing: response.headers.get('signalbox-missing-bytes'),
  };
}

/** Waits until the buffer is freed: the dashboard has confirmed what it received. */
async function waitUntilFreed({ hub, agent, dashboard }: HubFixture, id: string) {
  for (let i = 0; i < 5; i++) await hub.advance(1_000, agent, dashboard);
  expect(hub.hub.state.terminalBuffers.has(id)).toBe(false);
}

describe('output beyond the buffer', () => {
  test('is read from the store by a late dashboard, in order and without a gap, and then live', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const text = await sendOutput(fixture, id, 3 * MEGABYTE);
    const late = await connectDashboard(fixture.hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    await late.waitUntil(() => late.outputOf(id).length === text.length, 'all output');
    expect(late.outputOf(id)).toBe(text);
    fixture.agent.sendOutput(id, 'live');
    await late.waitForOutput(id, `${text}live`);
    fixture.agent.sendFinished(id);
    await late.waitForComplete(id);
    expect(late.ofType('terminal:gap')).toEqual([]);
    const sequences = late.sequencesOf(id).flat();
    expect(sequences).toEqual(sequences.map((_, i) => i));
  });

  test('is read from any sequence on', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const text = await sendOutput(fixture, id, 2 * MEGABYTE);
    fixture.agent.sendFinished(id);
    const late = await connectDashboard(fixture.hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id, afterSequence: 9 });
    const { lastSequence } = await late.waitForComplete(id);
    expect(late.sequencesOf(id)[0]).toBe(10);
    expect(late.sequencesOf(id).at(-1)).toBe(lastSequence);
    expect(text).toEndWith(late.outputOf(id));
  });

  test('is in the response of the API, which reports nothing missing', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const text = await sendOutput(fixture, id, 2 * MEGABYTE);
    expect(await readOutput(fixture, id)).toEqual({ text, missing: '0' });
    fixture.agent.sendFinished(id);
    await fixture.agent.waitForAcknowledged(id);
    await waitUntilFreed(fixture, id);
    expect(await readOutput(fixture, id)).toEqual({ text, missing: '0' });
  });

  test('follows when the store answers late', async () => {
    await using fixture = await startHubFixture();
    const { hub } = fixture;
    const id = await fixture.startCommand();
    const text = await sendOutput(fixture, id, 2 * MEGABYTE);
    hub.store.fail((call) => call === 'output.listFrom');
    const late = await connectDashboard(hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    await hub.store.waitForFault('output.listFrom');
    fixture.agent.sendOutput(id, 'later');
    await fixture.dashboard.waitForOutput(id, `${text}later`);
    expect(late.outputOf(id)).toBe('');
    hub.store.clearFaults();
    await hub.advance(1_000, fixture.agent, fixture.dashboard, late);
    await late.waitForOutput(id, `${text}later`);
  });

  test('is a gap of the right size if it could not be stored', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const id = await fixture.startCommand();
    hub.store.fail((call) => call === 'output.append');
    const messages = 1_000;
    for (let sent = 50; sent <= messages; sent += 50) {
      for (let i = 0; i < 50; i++) agent.sendOutput(id, `${i} `.padEnd(CHUNK_BYTES, '.'));
      await dashboard.waitFor('terminal:output', ({ sequence }) => sequence === sent - 1);
    }
    hub.store.clearFaults();
    await hub.advance(1_000, agent, dashboard);
    await agent.waitForAck(id, messages);
    agent.sendFinished(id);
    const late = await connectDashboard(hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    const { totalBytes } = await late.waitForComplete(id);
    const gaps = late.ofType('terminal:gap');
    const missing = gaps.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(missing).toBeGreaterThan(0);
    expect(late.outputOf(id).length + missing).toBe(totalBytes);
    expect(await readOutput(fixture, id)).toEqual({
      text: late.outputOf(id),
      missing: String(missing),
    });
  });
});

describe('an ended command', () => {
  test('leaves memory once nobody needs it there, and its output stays', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'done');
    fixture.agent.sendFinished(id);
    await fixture.dashboard.waitForComplete(id);
    await waitUntilFreed(fixture, id);
    const late = await connectDashboard(fixture.hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    expect(await late.waitForComplete(id)).toMatchObject({ lastSequence: 0, totalBytes: 4 });
    expect(late.outputOf(id)).toBe('done');
  });

  test('of which some output was never stored ends with a gap', async () => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'stored');
    fixture.agent.sendFinished(id);
    await fixture.dashboard.waitForComplete(id);
    await waitUntilFreed(fixture, id);
    await fixture.hub.store.commands.update(id, { lastSequence: 4, totalBytes: 106 });
    const late = await connectDashboard(fixture.hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    await late.waitForComplete(id);
    expect(late.terminalMessages(id)).toMatchObject([
      { type: 'terminal:output', data: 'stored' },
      { type: 'terminal:gap', fromSequence: 1, toSequence: 5, bytes: 100, reason: 'expired' },
      { type: 'terminal:complete' },
    ]);
  });

  test('a dashboard that detaches while the store answers receives nothing more', async () => {
    await using fixture = await startHubFixture();
    const { hub } = fixture;
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, 'done');
    fixture.agent.sendFinished(id);
    await fixture.dashboard.waitForComplete(id);
    await waitUntilFreed(fixture, id);
    const late = await connectDashboard(hub, ATTACHED);
    hub.store.hold((call) => call === 'output.listFrom');
    late.send({ type: 'terminal:attach', commandId: id });
    await hub.store.waitForFault('output.listFrom');
    late.send({ type: 'terminal:detach', commandId: id });
    await late.ping();
    hub.store.release();
    await hub.flush();
    await late.ping();
    expect(late.terminalMessages(id)).toEqual([]);
  });
});

describe('retention', () => {
  async function runAt(fixture: HubFixture, text: string) {
    const id = await fixture.startCommand();
    fixture.agent.sendOutput(id, text);
    fixture.agent.sendFinished(id);
    await fixture.dashboard.waitForComplete(id);
    await waitUntilFreed(fixture, id);
    return id;
  }

  test('deletes output after its time, and says so', async () => {
    await using fixture = await startHubFixture({ settings: { transcriptRetentionMs: HOUR_MS } });
    const { hub } = fixture;
    const id = await runAt(fixture, 'old');
    hub.clock.advance(HOUR_MS - 60_000);
    await hub.flush();
    expect((await readOutput(fixture, id)).text).toBe('old');
    hub.clock.advance(HOUR_MS);
    await hub.flush();
    expect((await hub.callApi('GET', `/commands/${id}/output`)).status).toBe(410);
    expect(await hub.hub.history.findRemoval(id)).toMatchObject({
      reason: 'retention',
      limit: HOUR_MS,
    });
    const late = await connectDashboard(hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    await late.waitForComplete(id);
    expect(late.terminalMessages(id)).toMatchObject([
      { type: 'terminal:gap', fromSequence: 0, toSequence: 1, bytes: 3, reason: 'expired' },
      { type: 'terminal:complete' },
    ]);
  });

  test('deletes the oldest output beyond the quota at once', async () => {
    await using fixture = await startHubFixture({ settings: { transcriptQuotaBytes: 1_000 } });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await runAt(fixture, `output ${i}`));
    await fixture.hub.flush();
    const removals = await Promise.all(ids.map((id) => fixture.hub.hub.history.findRemoval(id)));
    const firstKept = removals.indexOf(null);
    expect(firstKept).toBeGreaterThan(0);
    expect(removals.slice(firstKept).every((removal) => removal === null)).toBe(true);
    expect(removals[0]).toMatchObject({ reason: 'quota', limit: 1_000 });
  });

  test('bounds the output of a running command, which continues', async () => {
    await using fixture = await startHubFixture({ settings: { transcriptQuotaBytes: 600_000 } });
    const { hub } = fixture;
    const id = await fixture.startCommand();
    let maxBytes = 0;
    for (let from = 0; from < 400; from += 100) {
      for (let i = from; i < from + 100; i++) {
        fixture.agent.sendOutput(id, crypto.getRandomValues(new Uint8Array(5_000)).toHex());
      }
      await fixture.agent.waitForAck(id, from + 100);
      await hub.flush();
      maxBytes = Math.max(maxBytes, (await hub.store.output.findTranscript(id))?.bytes ?? 0);
    }
    expect(maxBytes).toBeGreaterThan(500_000);
    expect(maxBytes).toBeLessThan(2_000_000);
    expect((await hub.store.output.findTranscript(id))?.removedAt).toBeNull();
    const late = await connectDashboard(hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id });
    fixture.agent.sendFinished(id);
    const { totalBytes } = await late.waitForComplete(id);
    const gaps = late.ofType('terminal:gap');
    expect(gaps[0]?.fromSequence).toBe(0);
    // The quota is enforced while the dashboard reads, so there can be more.
    const missing = gaps.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(late.outputOf(id).length + missing).toBe(totalBytes);
  });

  test('frees space when the disk is full, and says so', async () => {
    await using fixture = await startHubFixture();
    const { hub, agent, dashboard } = fixture;
    const id = await runAt(fixture, 'old');
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    hub.hub.storeHealth.reportFailure(full);
    await hub.advance(2_000, agent, dashboard);
    await hub.flush();
    expect(await hub.hub.history.findRemoval(id)).toMatchObject({ reason: 'disk' });
  });
});

describe('a hub that restarts', () => {
  test.each(['restart', 'crash'] as const)(
    'has all output with the same numbers (%s)',
    async (how) => {
      await using fixture = await startHubFixture({ onDisk: true });
      const ended = await fixture.startCommand();
      const endedText = await sendOutput(fixture, ended, 2 * MEGABYTE);
      fixture.agent.sendFinished(ended);
      await fixture.agent.waitForAcknowledged(ended);
      const running = await fixture.startCommand();
      const runningText = await sendOutput(fixture, running, 2 * MEGABYTE);
      await using hub = await fixture.hub[how]();
      const late = await connectDashboard(hub, ATTACHED);
      for (const [id, text] of [
        [ended, endedText],
        [running, runningText],
      ] as const) {
        late.send({ type: 'terminal:attach', commandId: id });
        await late.waitUntil(() => late.outputOf(id).length >= text.length, 'all output');
        expect(late.outputOf(id)).toBe(text);
        const sequences = late.sequencesOf(id).flat();
        expect(sequences).toEqual(fixture.dashboard.sequencesOf(id).flat());
      }
      expect(late.ofType('terminal:gap')).toEqual([]);
    },
  );
});

describe('a part of the output', () => {
  test.each(['running', 'ended'])('is its end, after a gap (%s)', async (state) => {
    await using fixture = await startHubFixture();
    const id = await fixture.startCommand();
    const text = await sendOutput(fixture, id, 3 * MEGABYTE);
    if (state === 'ended') {
      fixture.agent.sendFinished(id);
      await fixture.agent.waitForAcknowledged(id);
    }
    const late = await connectDashboard(fixture.hub, ATTACHED);
    late.send({ type: 'terminal:attach', commandId: id, tailBytes: MEGABYTE });
    await late.waitUntil(
      () => text.endsWith(late.outputOf(id)) && late.outputOf(id).length > 900_000,
      'the end',
    );
    const [gap] = late.ofType('terminal:gap');
    expect(gap).toMatchObject({ fromSequence: 0, reason: 'skipped' });
    expect(late.outputOf(id).length).toBeLessThanOrEqual(MEGABYTE + 10_240);
    expect((gap?.bytes ?? 0) + late.outputOf(id).length).toBe(text.length);
    expect(
      late
        .sequencesOf(id)
        .flat()
        .includes(gap?.toSequence ?? -1),
    ).toBe(true);
  });

  test.each(['running', 'ended'])(
    'begins at a byte, in the store and in the buffer (%s)',
    async (state) => {
      await using fixture = await startHubFixture();
      const id = await fixture.startCommand();
      const text = await sendOutput(fixture, id, 3 * MEGABYTE);
      if (state === 'ended') {
        fixture.agent.sendFinished(id);
        await fixture.agent.waitForAcknowledged(id);
      }
      for (const afterBytes of [
        0,
        5_000,
        1_234_567,
        text.length - 5,
        text.length,
        text.length + 9,
      ]) {
        const late = await connectDashboard(fixture.hub, ATTACHED);
        late.send({ type: 'terminal:attach', commandId: id, afterBytes });
        const skipped = () => late.ofType('terminal:gap')[0]?.bytes ?? 0;
        await late.waitUntil(
          () => skipped() + late.outputOf(id).length === text.length,
          'the rest',
        );
        expect(text.slice(skipped())).toBe(late.outputOf(id));
        expect(skipped()).toBeLessThanOrEqual(afterBytes);
        expect(afterBytes - skipped()).toBeLessThan(10_240);
      }
    },
  );
});

test('much output is committed at once, because its program is paused until then; a little is not', async () => {
  await using on = await startHubFixture();
  const id = await on.startCommand('!make');
  const calls: string[] = [];
  on.hub.store.hold((call) => {
    calls.push(call);
    return call === 'output.flush';
  });
  on.agent.sendOutput(id, 'a little');
  await on.agent.waitForAck(id, 1);
  expect(calls).toContain('output.append');
  expect(calls).not.toContain('output.flush');
  await sendOutput(on, id, MEGABYTE / 4, 1);
  expect(calls).toContain('output.flush');
});

test('output that was not kept is reported as removed, not as empty', async () => {
  await using fixture = await startHubFixture();
  const command = storedCommand({ id: 'old', status: 'completed', lastSequence: 3, totalBytes: 9 });
  await fixture.hub.store.commands.insert(command);
  expect(await fixture.hub.hub.history.findRemoval('old')).toEqual({
    at: null,
    reason: 'not_kept',
    limit: null,
  });
  expect((await fixture.hub.callApi('GET', '/commands/old/output')).status).toBe(410);
});

test('a dashboard whose attach fails can attach again', async () => {
  await using fixture = await startHubFixture();
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand();
  agent.sendOutput(id, 'done');
  agent.sendFinished(id);
  await dashboard.waitForComplete(id);
  const late = await connectDashboard(hub, ATTACHED);
  hub.store.fail((call) => call === 'commands.find');
  late.send({ type: 'terminal:attach', commandId: id });
  await late.waitFor('error');
  hub.store.clearFaults();
  late.send({ type: 'terminal:attach', commandId: id });
  await late.waitForComplete(id);
  expect(late.outputOf(id)).toBe('done');
});

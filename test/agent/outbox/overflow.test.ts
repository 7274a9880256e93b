// More output than the outbox holds: the program is paused, or the oldest output is dropped.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { byteLength } from '../../../src/protocol/text.ts';
import { type AgentFixture, createAgentFixture } from '../../support/agent/agent-fixture.ts';
import {
  createFile,
  disconnect,
  outputStalled,
  receivedBytes,
  reconnect,
  roundTrip,
  waitForFile,
} from '../../support/agent/steps.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { pollUntil } from '../../support/processes.ts';

const FLOOD = `head -c 5000000 /dev/zero | tr '\\0' x`;

let fixture: AgentFixture;
let clock: ManualClock;

beforeEach(() => {
  fixture = createAgentFixture();
  clock = createManualClock({ realTimeBelowMs: 100 });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const isWritten = () => existsSync(join(fixture.folder, 'written'));

test.each([
  ['stdout', FLOOD],
  ['stderr', `(${FLOOD}) >&2`],
])(
  'a program that writes to %s is paused for a slow hub: at most 1 MB is unacknowledged and nothing is lost',
  async (_, program) => {
    const hub = await fixture.connect({ clock });
    const id = hub.execute(`!${program}`);
    await outputStalled(hub, id);
    expect(receivedBytes(hub, id)).toBeLessThanOrEqual(1_048_576);
    const acknowledge = () => {
      hub.send({ type: 'output:ack', commandId: id, nextSequence: hub.outputsOf(id).length });
    };
    acknowledge();
    while (receivedBytes(hub, id) < 5_000_000) {
      await hub.waitFor(
        'terminal:output',
        (message) => message.sequence >= hub.outputsOf(id).length - 1,
      );
      acknowledge();
      await roundTrip(hub);
    }
    const { gaps, finished } = await hub.waitForFinished(id);
    expect(gaps).toEqual([]);
    expect(receivedBytes(hub, id)).toBe(5_000_000);
    expect(finished.outcome).toBe('completed');
  },
);

test('while the hub is offline the program continues, and the size of the gap is exact', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute(`!printf 12345; ${waitForFile('offline')}; ${FLOOD}; touch written`);
  await hub.waitForOutput(id, '12345');
  await disconnect(fixture, hub);
  await createFile(fixture, 'offline');
  await pollUntil(isWritten);
  const second = await reconnect(fixture, clock);
  const [held] = second.connectMessage.held ?? [];
  expect(held?.lostBytes).toBeGreaterThan(3_900_000);
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 1 }] });
  const { gaps, outputs } = await second.waitForFinished(id);
  const [gap] = gaps;
  expect(gaps).toHaveLength(1);
  expect(outputs[0]?.sequence).toBe(gap!.nextSequence);
  expect(gap!.bytes + receivedBytes(second, id)).toBe(5_000_000);
  expect(receivedBytes(second, id)).toBeLessThanOrEqual(1_048_576);
});

test('a hub that cannot write receives everything without a gap; the oldest sent output is dropped', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute(`!${FLOOD}`);
  await outputStalled(hub, id);
  hub.send({ type: 'hub:storage', failing: true });
  const { gaps, finished } = await hub.waitForFinished(id);
  expect(receivedBytes(hub, id)).toBe(5_000_000);
  expect(gaps).toEqual([]);
  await disconnect(fixture, hub);
  const second = await reconnect(fixture, clock);
  const [held] = second.connectMessage.held ?? [];
  expect(held?.lostBytes).toBeGreaterThan(3_900_000);
  // The hub resumes in the middle of the dropped output.
  second.sendWelcome({ resume: [{ commandId: id, nextSequence: 100 }] });
  const seen = await second.waitForFinished(id);
  const before = hub.outputsOf(id).slice(0, 100);
  const bytesBefore = before.reduce((sum, output) => sum + byteLength(output.data), 0);
  expect(bytesBefore + seen.gaps[0]!.bytes + receivedBytes(second, id)).toBe(5_000_000);
  expect(seen.finished.lastSequence).toBe(finished.lastSequence);
});

test('the program is paused again when the hub can write again', async () => {
  const hub = await fixture.connect({ clock });
  hub.send({ type: 'hub:storage', failing: true });
  hub.send({ type: 'hub:storage', failing: false });
  const id = hub.execute(`!${FLOOD}`);
  await outputStalled(hub, id);
  expect(receivedBytes(hub, id)).toBeLessThanOrEqual(1_048_576);
});

test('a program that cannot be paused loses output, and the result follows the rest', async () => {
  const hub = await fixture.connect({ clock, pty: true });
  const id = hub.execute(`!stty raw -echo; ${FLOOD}; touch written`);
  await pollUntil(isWritten);
  await outputStalled(hub, id);
  expect(receivedBytes(hub, id)).toBeLessThanOrEqual(1_048_576 + 10_240);
  const hasFinished = () =>
    hub.received.some((m) => m.type === 'command:finished' && m.commandId === id);
  expect(hasFinished()).toBe(false);
  await pollUntil(() => {
    hub.send({ type: 'output:ack', commandId: id, nextSequence: hub.outputsOf(id).length });
    return hasFinished() || hub.received.some((m) => m.type === 'terminal:gap');
  });
  await pollUntil(() => {
    const nextSequence = hub.outputsOf(id).at(-1)!.sequence + 1;
    hub.send({ type: 'output:ack', commandId: id, nextSequence });
    return hasFinished();
  });
  const { gaps, finished, outputs } = await hub.waitForFinished(id);
  expect(gaps).toHaveLength(1);
  expect(gaps[0]!.bytes + receivedBytes(hub, id)).toBe(5_000_000);
  expect(finished.lastSequence).toBe(outputs.at(-1)!.sequence);
});

test('a paused program continues when the connection is lost', async () => {
  const hub = await fixture.connect({ clock });
  const id = hub.execute(`!${FLOOD}; touch written`);
  await outputStalled(hub, id);
  expect(isWritten()).toBe(false);
  await disconnect(fixture, hub);
  await pollUntil(isWritten);
  const nextSequence = hub.outputsOf(id).length;
  const second = await reconnect(fixture, clock);
  second.sendWelcome({ resume: [{ commandId: id, nextSequence }] });
  const { gaps } = await second.waitForFinished(id);
  const total = receivedBytes(hub, id) + (gaps[0]?.bytes ?? 0) + receivedBytes(second, id);
  expect(total).toBe(5_000_000);
});

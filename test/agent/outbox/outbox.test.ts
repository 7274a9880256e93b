import { expect, test } from 'bun:test';
import { createOutbox, type OutboxChange } from '../../../src/agent/outbox/outbox.ts';

const KB10 = 'x'.repeat(10_240);
const create = () => createOutbox('c', () => undefined);
type Outbox = ReturnType<typeof create>;

/** Pulls everything that can be sent now. */
function drain(outbox: Outbox) {
  const messages = [];
  for (let message = outbox.pull(); message; message = outbox.pull()) messages.push(message);
  return messages;
}

function drainSequences(outbox: Outbox): number[] {
  return drain(outbox).flatMap((message) => ('sequence' in message ? [message.sequence] : []));
}

test('returns each message once, in order, numbered from 0', () => {
  const outbox = create();
  for (const text of ['a', 'b', 'c']) outbox.push('stdout', text);
  expect(drainSequences(outbox)).toEqual([0, 1, 2]);
  expect(drain(outbox)).toEqual([]);
  expect(outbox.isSent()).toBe(true);
});

test('an acknowledgement frees messages and never goes back', () => {
  const outbox = create();
  for (const text of ['a', 'b', 'c']) outbox.push('stdout', text);
  drain(outbox);
  outbox.ack(2);
  outbox.ack(1);
  expect(outbox.summary()).toEqual({ firstSequence: 2, nextSequence: 3, lostBytes: 0 });
});

test('resumes at the position of the hub, committed or not', () => {
  const outbox = create();
  for (const text of ['a', 'b', 'c', 'd']) outbox.push('stdout', text);
  drain(outbox);
  outbox.ack(1);
  outbox.resumeFrom(3);
  expect(drainSequences(outbox)).toEqual([3]);
  outbox.resumeFrom(1);
  expect(drainSequences(outbox)).toEqual([1, 2, 3]);
  outbox.resumeFrom(null);
  expect(drainSequences(outbox)).toEqual([1, 2, 3]);
});

test('holds 1 MB, drops the oldest output, and counts the gap from the position of the hub', () => {
  const outbox = create();
  // Different sizes expose a wrong sum.
  const sizes = Array.from({ length: 300 }, (_, index) => 5_000 + index);
  for (const size of sizes.slice(0, 50)) outbox.push('stdout', 'x'.repeat(size));
  drain(outbox);
  outbox.ack(10);
  for (const size of sizes.slice(50)) outbox.push('stdout', 'x'.repeat(size));
  const { firstSequence, nextSequence, lostBytes } = outbox.summary();
  const sum = (from: number, to: number) => sizes.slice(from, to).reduce((a, b) => a + b, 0);
  expect(nextSequence).toBe(300);
  expect(sum(firstSequence, 300)).toBeLessThanOrEqual(1_048_576);
  expect(sum(firstSequence - 1, 300)).toBeGreaterThan(1_048_576);
  expect(lostBytes).toBe(sum(10, firstSequence));
  // The gap is exact no matter how many of the sent messages the hub has received.
  for (const position of [10, 11, 37, 49, 50]) {
    outbox.resumeFrom(position);
    const [gap, next] = drain(outbox);
    expect(gap).toMatchObject({
      type: 'terminal:gap',
      nextSequence: firstSequence,
      bytes: sum(position, firstSequence),
    });
    expect(next).toMatchObject({ type: 'terminal:output', sequence: firstSequence });
  }
});

test('a gap that was lost with the connection is sent again; one that arrived is not', () => {
  const outbox = create();
  for (let i = 0; i < 200; i += 1) outbox.push('stdout', KB10);
  const { firstSequence } = outbox.summary();
  expect(outbox.pull()).toMatchObject({
    nextSequence: firstSequence,
    bytes: firstSequence * 10_240,
  });
  outbox.resumeFrom(0);
  expect(outbox.pull()).toMatchObject({
    nextSequence: firstSequence,
    bytes: firstSequence * 10_240,
  });
  for (let i = 0; i < 50; i += 1) outbox.push('stdout', KB10);
  outbox.resumeFrom(firstSequence);
  expect(outbox.pull()).toMatchObject({
    nextSequence: firstSequence + 50,
    bytes: 50 * 10_240,
  });
});

test('a gap does not count as unacknowledged: the output after it follows at once', () => {
  const outbox = create();
  for (let i = 0; i < 500; i += 1) outbox.push('stdout', KB10);
  const { firstSequence } = outbox.summary();
  expect(drain(outbox).length).toBe(1 + 500 - firstSequence);
});

test('sends at most 1 MB beyond the acknowledged position', () => {
  const outbox = create();
  for (let i = 0; i < 102; i += 1) outbox.push('stdout', KB10);
  drain(outbox);
  for (let i = 0; i < 50; i += 1) outbox.push('stdout', KB10);
  const more = drain(outbox);
  expect(more.length).toBeLessThanOrEqual(1);
  expect(outbox.isSent()).toBe(false);
  outbox.ack(100);
  // Messages 102 and 103 have been sent by now. The messages dropped before they were sent are a gap of their own.
  expect(drainSequences(outbox).at(-1)).toBe(151);
  expect(outbox.isSent()).toBe(true);
});

test('does not wait for acknowledgements of output that the hub already has', () => {
  const outbox = create();
  for (let i = 0; i < 102; i += 1) outbox.push('stdout', KB10);
  drain(outbox);
  expect(outbox.isFull()).toBe(true);
  outbox.resumeFrom(102);
  expect(outbox.isFull()).toBe(false);
  outbox.push('stdout', KB10);
  expect(drainSequences(outbox)).toEqual([102]);
});

test('a hub that is ahead of the journal advances the sequence', () => {
  const outbox = createOutbox('c', () => undefined, {
    acked: { sequence: 1, offset: 1 },
    next: { sequence: 3, offset: 3 },
    dropped: [],
    messages: [
      { sequence: 1, offset: 1, stream: 'stdout', data: 'b' },
      { sequence: 2, offset: 2, stream: 'stdout', data: 'c' },
    ],
  });
  outbox.resumeFrom(5);
  expect(drain(outbox)).toEqual([]);
  expect(outbox.summary()).toEqual({ firstSequence: 5, nextSequence: 5, lostBytes: 0 });
});

test('keeps the position of a dropped message only if the hub may resume there', () => {
  const changes: OutboxChange[] = [];
  const outbox = createOutbox('c', (change) => changes.push(change));
  outbox.push('stdout', KB10);
  drain(outbox);
  for (let i = 0; i < 5_000; i += 1) outbox.push('stdout', KB10);
  const kept = changes.filter((change) => change.kind === 'drop' && change.keepPosition);
  expect(kept.map((change) => change.kind === 'drop' && change.sequence)).toEqual([0, 1]);
});

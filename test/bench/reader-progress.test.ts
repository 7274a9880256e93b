import { expect, test } from 'bun:test';
import { createReaderProgress } from '../../bench/load/reader-progress.ts';
import { encodeChunk } from '../../bench/load/target.ts';
import { encode } from '../../src/protocol/codec.ts';
import { CHUNK_BYTES } from '../../src/protocol/limits.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const chunk = (sequence: number) => encodeChunk('c1', sequence, 'x'.repeat(CHUNK_BYTES));
const gap = (
  fromSequence: number,
  toSequence: number,
  bytes = (toSequence - fromSequence) * CHUNK_BYTES,
) =>
  encode<HubToDashboard>({
    type: 'terminal:gap',
    commandId: 'c1',
    fromSequence,
    toSequence,
    bytes,
    reason: 'buffer_overflow',
  });
const complete = (lastSequence: number) =>
  encode<HubToDashboard>({
    type: 'terminal:complete',
    commandId: 'c1',
    lastSequence,
    totalBytes: 1,
  });

function startReader({ allowsLoss = false } = {}) {
  const received: number[] = [];
  let hasEnded = false;
  const progress = createReaderProgress({
    allowsLoss,
    onProgress(from, to) {
      for (let sequence = from; sequence < to; sequence += 1) received.push(sequence);
    },
    onEnd() {
      hasEnded = true;
    },
  });
  const read = (...frames: string[]) => {
    for (const frame of frames) {
      const bytes = Buffer.from(frame);
      progress.handleText(bytes, 0, bytes.length);
    }
  };
  return { progress, received, read, hasEnded: () => hasEnded };
}

test('chunks and gaps are received up to the end', () => {
  const { progress, received, read, hasEnded } = startReader();
  read(chunk(0), gap(1, 10), chunk(10), complete(10));
  expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(progress.gapChunks).toBe(9);
  expect(progress.lostChunks).toBe(0);
  expect(hasEnded()).toBe(true);
});

test('the event of Socket.IO around a chunk is ignored', () => {
  const { received, read } = startReader();
  read(`42["output",${chunk(0)}]`);
  expect(received).toEqual([0]);
});

test.each([
  ['a missing chunk', [chunk(0), chunk(2)]],
  ['a repeated chunk', [chunk(0), chunk(0)]],
  ['a gap that does not continue the output', [chunk(0), gap(2, 3)]],
  ['a gap of another size', [chunk(0), gap(1, 3, CHUNK_BYTES)]],
  ['an end with output missing', [chunk(0), complete(1)]],
])('%s is an error', (_, frames) => {
  const { read } = startReader();
  expect(() => read(...frames)).toThrow('A reader');
});

test('a peer may lose and repeat chunks', () => {
  const { progress, received, read } = startReader({ allowsLoss: true });
  read(chunk(0), chunk(3), chunk(3), chunk(4));
  expect(received).toEqual([0, 1, 2, 3, 4]);
  expect(progress.lostChunks).toBe(2);
});

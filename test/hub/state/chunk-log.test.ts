// The chunk log, which holds the chunks of a terminal buffer in little memory.
import { expect, test } from 'bun:test';
import { createChunkLog } from '../../../src/hub/state/chunk-log.ts';
import type { StoredChunk } from '../../../src/store/store.ts';

function createFilledLog(
  count: number,
  chunkOf: (sequence: number) => Partial<StoredChunk> = () => ({}),
) {
  const log = createChunkLog(0);
  let offset = 0;
  const pushed: StoredChunk[] = [];
  for (let sequence = 0; sequence < count; sequence += 1) {
    const chunk: StoredChunk = {
      sequence,
      type: sequence % 3 === 0 ? 'stderr' : 'stdout',
      data: String.fromCodePoint(0x61 + (sequence % 26)),
      timestamp: 1_700_000_000_000 + sequence,
      offset,
      lostBytes: 0,
      ...chunkOf(sequence),
    };
    offset += chunk.data.length + chunk.lostBytes;
    log.push(chunk);
    pushed.push(chunk);
  }
  return { log, pushed };
}

test('returns every chunk unchanged, packed or not', () => {
  const { log, pushed } = createFilledLog(1_000, (sequence) =>
    sequence % 100 === 50 ? { data: '', lostBytes: 7 } : {},
  );
  expect([...log.values()]).toEqual(pushed);
  expect(pushed.map(({ sequence }) => log.get(sequence))).toEqual(pushed);
  expect(log.get(1_000)).toBeUndefined();
});

test('keeps large chunks and surrogates intact', () => {
  const { log, pushed } = createFilledLog(600, (sequence) => ({
    data: sequence < 300 ? '\u{1f600}\ud800' : 'x'.repeat(5_000),
  }));
  expect([...log.values()]).toEqual(pushed);
});

test('drops the oldest chunk and keeps its offset', () => {
  const { log, pushed } = createFilledLog(700);
  for (let i = 0; i < 500; i += 1) expect(log.shift()).toEqual(pushed[i]);
  expect([log.firstSequence(), log.nextSequence(), log.length]).toEqual([500, 700, 200]);
  expect(log.get(499)).toBeUndefined();
  expect(pushed.map(({ sequence }) => log.offsetOf(sequence))).toEqual(
    pushed.map(({ offset }) => offset),
  );
  for (let i = 500; i < 700; i += 1) log.shift();
  expect(log.shift()).toBeUndefined();
  expect([...log.values()]).toEqual([]);
});

test('uses a small multiple of the text of small chunks', () => {
  const { log } = createFilledLog(100_000);
  expect(log.overheadBytes).toBeLessThan(100_000 * 34);
});

test('counts the memory of chunks that are not packed yet', () => {
  expect(createFilledLog(255).log.overheadBytes).toBeGreaterThan(255 * 100);
  expect(createFilledLog(256).log.overheadBytes).toBeGreaterThan(256 * 20);
});

test('keeps a bounded index of dropped chunks', () => {
  const log = createChunkLog(0);
  for (let sequence = 0; sequence < 600_000; sequence += 1) {
    log.push({ sequence, type: 'stdout', data: 'a', timestamp: 0, offset: sequence, lostBytes: 0 });
    if (log.length > 1_000) log.shift();
  }
  expect(log.overheadBytes).toBeLessThan(3_000_000);
  expect(log.offsetOf(400_000)).toBe(400_000);
  // Offsets of chunks dropped long ago are rounded down to a page.
  expect(log.offsetOf(1_000)).toBe(768);
});

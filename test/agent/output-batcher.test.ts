import { expect, test } from 'bun:test';
import { createOutputBatcher } from '../../src/agent/output-batcher.ts';
import { byteLength } from '../../src/protocol/text.ts';
import { createManualClock } from '../support/manual-clock.ts';

function create() {
  const clock = createManualClock();
  const batches: [stream: string, text: string][] = [];
  const batcher = createOutputBatcher(clock, (stream, text) => void batches.push([stream, text]));
  return { clock, batches, ...batcher };
}

test('a batch is delivered 10 ms after its first output', () => {
  const { clock, batches, add } = create();
  add('stdout', 'a');
  clock.advance(9);
  add('stdout', 'b');
  expect(batches).toEqual([]);
  clock.advance(1);
  expect(batches).toEqual([['stdout', 'ab']]);
  clock.advance(100);
  expect(batches.length).toBe(1);
});

test('a change of stream ends the batch and keeps the order', () => {
  const { clock, batches, add } = create();
  add('stdout', 'a');
  add('stderr', 'b');
  add('stdout', 'c');
  clock.advance(10);
  expect(batches).toEqual([
    ['stdout', 'a'],
    ['stderr', 'b'],
    ['stdout', 'c'],
  ]);
});

test('10 KB are delivered at once, without splitting a code point', () => {
  const { clock, batches, add } = create();
  add('stdout', 'x'.repeat(10_239));
  expect(batches).toEqual([]);
  add('stdout', '😀');
  expect(batches).toEqual([['stdout', 'x'.repeat(10_239)]]);
  clock.advance(10);
  expect(batches[1]).toEqual(['stdout', '😀']);
  add('stdout', 'y'.repeat(10_240));
  expect(batches[2]?.[1].length).toBe(10_240);
});

test('large output is split into full batches in order', () => {
  const { batches, add, flush } = create();
  const text = '漢é😀x'.repeat(20_000);
  add('stderr', text);
  flush();
  expect(batches.map(([, piece]) => piece).join('') === text).toBe(true);
  expect(Math.max(...batches.map(([, piece]) => byteLength(piece)))).toBeLessThanOrEqual(10_240);
  expect(batches.length).toBe(Math.ceil((20_000 * 10) / 10_238));
});

test('no empty batch is delivered', () => {
  const { clock, batches, add, flush } = create();
  add('stderr', '');
  flush();
  clock.advance(10);
  expect(batches).toEqual([]);
});

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

test('output after a pause is delivered at once, and what follows within 3 ms as one batch', () => {
  const { clock, batches, add } = create();
  add('stdout', 'a');
  expect(batches).toEqual([['stdout', 'a']]);
  clock.advance(1);
  add('stdout', 'b');
  clock.advance(1);
  add('stdout', 'c');
  expect(batches.length).toBe(1);
  clock.advance(1);
  expect(batches.slice(1)).toEqual([['stdout', 'bc']]);
  clock.advance(3);
  add('stdout', 'd');
  expect(batches.slice(2)).toEqual([['stdout', 'd']]);
});

test('a change of stream ends the batch and keeps the order', () => {
  const { clock, batches, add } = create();
  add('stdout', 'a');
  add('stderr', 'b');
  add('stdout', 'c');
  clock.advance(3);
  expect(batches).toEqual([
    ['stdout', 'a'],
    ['stderr', 'b'],
    ['stdout', 'c'],
  ]);
});

test('10 KB are delivered at once, without splitting a code point', () => {
  const { clock, batches, add } = create();
  add('stdout', 'first');
  add('stdout', 'x'.repeat(10_239));
  expect(batches.length).toBe(1);
  add('stdout', '😀');
  expect(batches.slice(1)).toEqual([['stdout', 'x'.repeat(10_239)]]);
  clock.advance(3);
  expect(batches[2]).toEqual(['stdout', '😀']);
  add('stdout', 'y'.repeat(10_240));
  expect(batches[3]?.[1].length).toBe(10_240);
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
  clock.advance(3);
  expect(batches).toEqual([]);
});

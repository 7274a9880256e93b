import { expect, test } from 'bun:test';
import { createOutputBatcher } from '../../src/agent/output-batcher.ts';
import { byteLength } from '../../src/protocol/text.ts';
import { createManualClock } from '../support/manual-clock.ts';

function create() {
  const clock = createManualClock();
  const sent: [stream: string, text: string][] = [];
  const batcher = createOutputBatcher(clock, (stream, text) => void sent.push([stream, text]));
  return { clock, sent, ...batcher };
}

test('output waits 10 ms for more, counted from the first of it', () => {
  const { clock, sent, add } = create();
  add('stdout', 'a');
  clock.advance(9);
  add('stdout', 'b');
  expect(sent).toEqual([]);
  clock.advance(1);
  expect(sent).toEqual([['stdout', 'ab']]);
  clock.advance(100);
  expect(sent.length).toBe(1);
});

test('a change of stream does not wait, and keeps the order', () => {
  const { clock, sent, add } = create();
  add('stdout', 'a');
  add('stderr', 'b');
  add('stdout', 'c');
  clock.advance(10);
  expect(sent).toEqual([
    ['stdout', 'a'],
    ['stderr', 'b'],
    ['stdout', 'c'],
  ]);
});

test('10 KB go at once; a code point on the edge stays whole', () => {
  const { clock, sent, add } = create();
  add('stdout', 'x'.repeat(10_239));
  expect(sent).toEqual([]);
  add('stdout', '😀');
  expect(sent).toEqual([['stdout', 'x'.repeat(10_239)]]);
  clock.advance(10);
  expect(sent[1]).toEqual(['stdout', '😀']);
  add('stdout', 'y'.repeat(10_240));
  expect(sent[2]?.[1].length).toBe(10_240);
});

test('much at once is cut into full messages, in order', () => {
  const { sent, add, flush } = create();
  const text = '漢é😀x'.repeat(20_000);
  add('stderr', text);
  flush();
  expect(sent.map(([, piece]) => piece).join('') === text).toBe(true);
  expect(Math.max(...sent.map(([, piece]) => byteLength(piece)))).toBeLessThanOrEqual(10_240);
  expect(sent.length).toBe(Math.ceil((20_000 * 10) / 10_238));
});

test('nothing is sent where there is nothing', () => {
  const { clock, sent, add, flush } = create();
  add('stderr', '');
  flush();
  clock.advance(10);
  expect(sent).toEqual([]);
});

import { expect, test } from 'bun:test';
import { createThrottle } from '../../src/browser/throttle.ts';
import { createManualClock } from '../support/manual-clock.ts';

function throttled() {
  const clock = createManualClock();
  const acts: string[] = [];
  return { clock, acts, call: createThrottle(clock, 400, (name) => acts.push(name)) };
}

test('a flood becomes one call at once and one at the end', () => {
  const { clock, acts, call } = throttled();
  for (let i = 0; i < 500; i++) call('a');
  expect(acts).toEqual(['a']);
  clock.advance(400);
  expect(acts).toEqual(['a', 'a']);
  clock.advance(4000);
  expect(acts).toEqual(['a', 'a']);
});

test('a flood that goes on is told once in a while, not only at its end', () => {
  const { clock, acts, call } = throttled();
  for (let ms = 0; ms < 4000; ms += 50) {
    call('a');
    clock.advance(50);
  }
  expect(acts.length).toBeGreaterThanOrEqual(10);
  expect(acts.length).toBeLessThanOrEqual(11);
});

test('names do not wait for each other', () => {
  const { acts, call } = throttled();
  call('a');
  call('b');
  call('a');
  expect(acts).toEqual(['a', 'b']);
});

test('after a quiet time the next call acts at once', () => {
  const { clock, acts, call } = throttled();
  call('a');
  clock.advance(401);
  call('a');
  expect(acts).toEqual(['a', 'a']);
});

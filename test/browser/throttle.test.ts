import { expect, test } from 'bun:test';
import { createThrottle } from '../../src/browser/throttle.ts';
import { createManualClock } from '../support/manual-clock.ts';

function throttled() {
  const clock = createManualClock();
  const runs: string[] = [];
  return { clock, runs, call: createThrottle(clock, 400, (name) => runs.push(name)) };
}

test('a burst runs once immediately and once at the end', () => {
  const { clock, runs, call } = throttled();
  for (let i = 0; i < 500; i++) call('a');
  expect(runs).toEqual(['a']);
  clock.advance(400);
  expect(runs).toEqual(['a', 'a']);
  clock.advance(4000);
  expect(runs).toEqual(['a', 'a']);
});

test('continuous calls run at regular intervals', () => {
  const { clock, runs, call } = throttled();
  for (let ms = 0; ms < 4000; ms += 50) {
    call('a');
    clock.advance(50);
  }
  expect(runs.length).toBeGreaterThanOrEqual(10);
  expect(runs.length).toBeLessThanOrEqual(11);
});

test('each name is throttled separately', () => {
  const { runs, call } = throttled();
  call('a');
  call('b');
  call('a');
  expect(runs).toEqual(['a', 'b']);
});

test('a call after a pause runs immediately', () => {
  const { clock, runs, call } = throttled();
  call('a');
  clock.advance(401);
  call('a');
  expect(runs).toEqual(['a', 'a']);
});

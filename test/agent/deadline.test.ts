import { expect, test } from 'bun:test';
import { createDeadline } from '../../src/agent/deadline.ts';
import { createManualClock } from '../support/manual-clock.ts';

function create() {
  const clock = createManualClock();
  let expirations = 0;
  const deadline = createDeadline(clock, 100, () => (expirations += 1));
  return { clock, deadline, expirations: () => expirations };
}

test('paused time does not count; pauses can overlap', () => {
  const { clock, deadline, expirations } = create();
  clock.advance(60);
  deadline.pause();
  deadline.pause();
  clock.advance(1_000);
  deadline.resume();
  clock.advance(1_000);
  deadline.resume();
  clock.advance(39);
  expect(expirations()).toBe(0);
  clock.advance(1);
  expect(expirations()).toBe(1);
});

test('a deadline that was cancelled while paused does not expire', () => {
  const { clock, deadline, expirations } = create();
  deadline.pause();
  deadline.cancel();
  deadline.resume();
  clock.advance(1_000);
  expect(expirations()).toBe(0);
});

import { expect, test } from 'bun:test';
import { createCountedWarning } from '../../src/hub/counted-warning.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('logs the first one, then a total every 10 s', () => {
  const clock = createManualClock();
  const counts: unknown[] = [];
  const warn = (_: string, about?: Record<string, unknown>) => void counts.push(about?.['count']);
  const warnRejected = createCountedWarning(clock, { info: warn, warn, error: warn }, 'Rejected.');
  for (let i = 0; i < 5_000; i += 1) warnRejected();
  expect(counts).toEqual([1]);
  clock.advance(10_000);
  expect(counts).toEqual([1, 4_999]);
  clock.advance(60_000);
  warnRejected();
  expect(counts).toEqual([1, 4_999, 1]);
});

import { expect, test } from 'bun:test';
import { createInvalidFrameLog } from '../../../src/web/sockets/invalid-frames.ts';
import { createManualClock } from '../../support/manual-clock.ts';

test('logs the first frame, then a total every 10 s', () => {
  const clock = createManualClock();
  const counts: unknown[] = [];
  const warn = (_: string, about?: Record<string, unknown>) => void counts.push(about?.['count']);
  const logInvalidFrame = createInvalidFrameLog(clock, { info: warn, warn, error: warn });
  for (let i = 0; i < 5_000; i += 1) logInvalidFrame();
  expect(counts).toEqual([1]);
  clock.advance(10_000);
  expect(counts).toEqual([1, 4_999]);
  clock.advance(60_000);
  logInvalidFrame();
  expect(counts).toEqual([1, 4_999, 1]);
});

import { expect, test } from 'bun:test';
import { backoffDelay } from '../../src/protocol/backoff.ts';

test('the delay is random between 0.5 s and a limit that doubles up to 30 s', () => {
  const limits = Array.from({ length: 12 }, (_, attempt) => backoffDelay(attempt, 1));
  expect(limits).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000,
  ]);
  for (const attempt of [0, 1, 5, 50, 5_000]) {
    expect(backoffDelay(attempt, 0)).toBe(500);
    expect(backoffDelay(attempt, 0.5)).toBe((500 + backoffDelay(attempt, 1)) / 2);
    expect(backoffDelay(attempt, 0.999)).toBeLessThan(30_000);
  }
});

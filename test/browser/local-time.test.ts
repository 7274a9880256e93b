import { expect, test } from 'bun:test';
import { formatAge, formatClock, formatElapsed } from '../../src/browser/local-time.ts';

test('elapsed time is shown as a running clock', () => {
  expect([-3000, 0, 42_999, 72_000, 3_727_000].map(formatElapsed)).toEqual([
    '0:00',
    '0:00',
    '0:42',
    '1:12',
    '1:02:07',
  ]);
});

test('an age is shown in its largest unit; a negative age counts as 0', () => {
  expect(
    [-5000, 59_999, 60_000, 3_599_999, 7_200_000, 86_400_000, 200_000_000].map(formatAge),
  ).toEqual(['0 s', '59 s', '1 min', '59 min', '2 h', '1 day', '2 days']);
});

test('a date includes its year only if it is not the current one', () => {
  const now = new Date(2026, 5, 1).getTime();
  expect(formatClock(new Date(2026, 1, 3).getTime(), now)).not.toContain('2026');
  expect(formatClock(new Date(2025, 1, 3).getTime(), now)).toContain('2025');
});

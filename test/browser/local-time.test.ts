import { expect, test } from 'bun:test';
import { formatAgo, formatClock, formatElapsed } from '../../src/browser/local-time.ts';

test('elapsed time is shown as a running clock', () => {
  expect([-3000, 0, 42_999, 72_000, 3_727_000].map(formatElapsed)).toEqual([
    '0:00',
    '0:00',
    '0:42',
    '1:12',
    '1:02:07',
  ]);
});

test('a time in the past uses the largest fitting unit; a time in the future counts as now', () => {
  const units = [-5000, 59_999, 60_000, 3_599_999, 7_200_000, 200_000_000].map(formatAgo);
  expect(units.map((text) => /\d+/.exec(text)?.[0])).toEqual(['0', '59', '1', '59', '2', '2']);
});

test('a date includes its year only if it is not the current one', () => {
  const now = new Date(2026, 5, 1).getTime();
  expect(formatClock(new Date(2026, 1, 3).getTime(), now)).not.toContain('2026');
  expect(formatClock(new Date(2025, 1, 3).getTime(), now)).toContain('2025');
});

import { expect, test } from 'bun:test';
import { formatEarlier } from '../../src/browser/terminal-bars.ts';

test('says what is before the first line', () => {
  expect([1, 2, 149_972].map((lines) => formatEarlier(lines, 0))).toEqual([
    '1 earlier line is not shown.',
    '2 earlier lines are not shown.',
    '149,972 earlier lines are not shown.',
  ]);
  expect(formatEarlier(0, 2_048)).toBe('2.0 KB of earlier output is not shown.');
  expect(formatEarlier(50_000, 2_048)).toBe(
    '2.0 KB and 50,000 lines of earlier output are not shown.',
  );
});

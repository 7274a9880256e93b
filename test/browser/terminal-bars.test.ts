import { expect, test } from 'bun:test';
import { formatEarlierLines } from '../../src/browser/terminal-bars.ts';

test('the number of lines that are not shown is written in full', () => {
  expect([1, 2, 149_972].map(formatEarlierLines)).toEqual([
    '1 earlier line is not shown.',
    '2 earlier lines are not shown.',
    '149,972 earlier lines are not shown.',
  ]);
});

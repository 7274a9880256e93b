import { expect, test } from 'bun:test';
import { formatDuration } from '../../src/protocol/duration.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [-5, '0 ms'],
  [0, '0 ms'],
  [250.4, '250 ms'],
  [1 * SECOND, '1 s'],
  [12_440, '12.4 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [5 * MINUTE, '5 min'],
  [3 * MINUTE + 20 * SECOND, '3 min 20 s'],
  [2 * HOUR + 5 * MINUTE, '2 h 5 min'],
  [2 * HOUR + 5 * MINUTE + 59 * SECOND, '2 h 5 min'],
  [1 * DAY, '1 day'],
  [3 * DAY, '3 days'],
  [3 * DAY + 4 * HOUR, '3 days 4 h'],
])('%p ms is formatted as %p', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

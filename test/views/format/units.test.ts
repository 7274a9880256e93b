import { expect, test } from 'bun:test';
import { formatChangedFiles, formatCount, shortenId } from '../../../views/format/units.ts';

test('counts use the singular for one', () => {
  expect([0, 1, 2].map((n) => formatCount(n, 'command'))).toEqual([
    '0 commands',
    '1 command',
    '2 commands',
  ]);
});

test('an empty change is a value of its own', () => {
  expect(formatChangedFiles({ files: 0, added: 0, removed: 0 })).toBe('No files changed');
  expect(formatChangedFiles({ files: 1, added: 2, removed: 3 })).toBe('1 file, +2 −3');
});

test('long IDs are shortened to their end', () => {
  expect(shortenId('0199-abcdefgh')).toBe('…abcdefgh');
  expect(shortenId('short')).toBe('short');
});

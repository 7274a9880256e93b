import { expect, test } from 'bun:test';
import { agentAddress, commandAddress, historyAddress } from '../../../views/addresses.ts';
import { count, duration, shortId } from '../../../views/format/units.ts';

test('lengths of time are told in the units that fit', () => {
  const times = [-5, 0, 840, 999, 1000, 12_440, 59_949, 59_950, 200_000, 3_600_000, 7_500_000];
  expect(times.map(duration)).toEqual([
    '0 ms',
    '0 ms',
    '840 ms',
    '999 ms',
    '1.0 s',
    '12.4 s',
    '59.9 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
  ]);
});

test('one is not many', () => {
  expect([0, 1, 2].map((n) => count(n, 'command'))).toEqual([
    '0 commands',
    '1 command',
    '2 commands',
  ]);
});

test('of a long id the end is shown', () => {
  expect(shortId('0199-abcdefgh')).toBe('…abcdefgh');
  expect(shortId('short')).toBe('short');
});

test('ids are escaped in addresses', () => {
  expect(agentAddress('a/b?c#d', '../x')).toBe('/agents/a%2Fb%3Fc%23d?command=..%2Fx');
  expect(commandAddress('javascript:x')).toBe('/commands/javascript%3Ax');
  expect(historyAddress({ q: 'a&b=c' })).toBe('/history?q=a%26b%3Dc');
});

// Expressions that users write do not hang the page.
import { expect, test } from 'bun:test';
import { createCarefulMatch } from '../../src/browser/careful-match.ts';

test.each([
  ['(a+)+$', `${'a'.repeat(1_000)}b`],
  ['x|(a|a)*$', `x${'a'.repeat(1_000)}b`],
  ['.*.*.*.*.*x', 'a'.repeat(2_000)],
])('%s is given up', (source, line) => {
  expect(createCarefulMatch(new RegExp(source, 'gu'))(line)).toBeNull();
});

test('other expressions match as usual, within the first 2,000 characters', () => {
  const find = (source: string, line: string) =>
    createCarefulMatch(new RegExp(source, 'gu'))(line)?.map(({ index }) => index);
  expect(find('(?:ab?)+', 'ab a abab')).toEqual([0, 3, 5]);
  expect(find('x', `${'-'.repeat(1_999)}xx`)).toEqual([1_999]);
});

test('a pause of the computer does not count', () => {
  const times = [0, 500, 500, 501, 501, 502, 502, 503];
  const match = createCarefulMatch(/a/g, () => times.shift() ?? 503);
  expect(match('a')).toHaveLength(1);
  let time = 0;
  expect(createCarefulMatch(/a/g, () => (time += 101))('a')).toBeNull();
});

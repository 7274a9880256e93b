// The search in a command's output.
import { describe, expect, test } from 'bun:test';
import {
  compileQuery,
  createOutputSearch,
  type SearchQuery,
} from '../../src/browser/output-search.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const about = { version: '1.0.0', commandId: 'c1' };
const output = (sequence: number, data: string): HubToDashboard => ({
  type: 'terminal:output',
  ...about,
  data,
  stream: 'stdout',
  sequence,
});

function searchIn(chunks: string[], query: Partial<SearchQuery> & { text: string }, first = 0) {
  const search = createOutputSearch(
    compileQuery({ isRegex: false, isCaseSensitive: false, ...query }),
  );
  for (const [index, data] of chunks.entries()) search.add(output(first + index, data));
  search.add({
    type: 'terminal:complete',
    ...about,
    lastSequence: first + chunks.length - 1,
    totalBytes: 0,
  });
  return search;
}

const addressesOf = (search: ReturnType<typeof searchIn>) =>
  search.getMatches().map(({ address }) => `${address.sequence}.${address.line}`);

describe('a query', () => {
  const find = (text: string, line: string, options: Partial<SearchQuery> = {}) =>
    compileQuery({ text, isRegex: false, isCaseSensitive: false, ...options })(line);

  test('is text that ignores case, unless told otherwise', () => {
    expect(find('ERROR', 'an Error, an error')).toEqual([
      { start: 3, end: 8 },
      { start: 13, end: 18 },
    ]);
    expect(find('ERROR', 'an Error, an error', { isCaseSensitive: true })).toEqual([]);
    expect(find('a.b[', 'axb[ a.b[')).toEqual([{ start: 5, end: 9 }]);
  });

  test('can be a regular expression', () => {
    expect(find(String.raw`\d+ ms`, 'took 12 ms', { isRegex: true })).toEqual([
      { start: 5, end: 10 },
    ]);
    expect(find('x*', 'aaa', { isRegex: true })).toEqual([]);
    expect(() => find('(', 'a', { isRegex: true })).toThrow(SyntaxError);
  });

  test('is given up when its expression is too slow', () => {
    let slow = 0;
    const query = { text: '(a+)+$|b', isRegex: true, isCaseSensitive: false };
    const match = compileQuery(query, () => void slow++);
    expect(match(`${'a'.repeat(500)}b!`)).toEqual([]);
    expect([match('b'), slow]).toEqual([[], 1]);
  });
});

test('matches have the address of their line, also within colors and across chunks', () => {
  const search = searchIn(
    ['one\ntw', 'o\n\u001b[31mer', 'ror\u001b[0m one\n', 'last error, error'],
    { text: 'error' },
    7,
  );
  expect(search.getCount()).toBe(3);
  expect(addressesOf(search)).toEqual(['8.1', '10.0', '10.0']);
  expect(search.getMatches().map(({ index }) => index)).toEqual([0, 0, 1]);
  const [match] = search.getMatches();
  expect(match && search.countLinesBefore(match.address)).toBe(1);
});

test('only the last version of a rewritten line is searched', () => {
  expect(searchIn(['10 %\r50 %\r', '100 %\n'], { text: '50 %' }).getCount()).toBe(0);
  expect(searchIn(['10 %\r50 %\r', '100 %\n'], { text: '100 %' }).getCount()).toBe(1);
});

test('chunks that were searched before are ignored, and gaps are skipped', () => {
  const search = createOutputSearch(
    compileQuery({ text: 'x', isRegex: false, isCaseSensitive: false }),
  );
  search.add(output(0, 'x\n'));
  search.add(output(0, 'x\n'));
  search.add({
    type: 'terminal:gap',
    ...about,
    fromSequence: 1,
    toSequence: 5,
    bytes: 9,
    reason: 'agent_overflow',
  });
  search.add(output(3, 'x\n'));
  search.add(output(5, 'x\n'));
  expect(search.getCount()).toBe(2);
  expect(addressesOf(search)).toEqual(['0.0', '5.0']);
});

test('every match is counted; the first 10,000 can be visited', () => {
  const search = searchIn(['x\n'.repeat(12_000)], { text: 'x' });
  expect(search.getCount()).toBe(12_000);
  expect(search.getMatches().length).toBe(10_000);
});

// The table of limits in docs/operations.md names every limit of the code, so that operators can rely on it.
import { expect, test } from 'bun:test';
import * as limits from '../../src/protocol/limits.ts';
import { parseRows, parseSections, readText } from './markdown.ts';

const LIMIT = /^MAX_|_MAX_|_RATE$|_BYTES$|_LENGTH$|_TIMEOUT_M?S$/;

test('docs/operations.md names every limit', () => {
  const section = parseSections(readText('docs/operations.md')).find(
    ({ title }) => title === 'Limits',
  );
  const named = new Set(
    parseRows(section!, 'Constant').flatMap((row) => row['Constant']!.split(', ')),
  );
  // Limits that only one file needs.
  named.delete('–');
  expect([...named].filter((name) => !(name in limits))).toEqual([]);
  const expected = Object.keys(limits).filter((name) => LIMIT.test(name));
  expect(expected.filter((name) => !named.has(name))).toEqual([]);
});

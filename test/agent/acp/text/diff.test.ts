import { expect, test } from 'bun:test';
import { formatColoredDiff, formatDiff } from '../../../../src/agent/acp/text/diff.ts';

const change = { path: '/a.txt', oldText: 'one\ntwo\nthree\n', newText: 'one\n2\nthree\n' };

test('shows the removed and added lines with context', () => {
  expect(formatDiff(change)).toBe('/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three');
  expect(formatDiff({ path: '/b', newText: 'new\n' })).toStartWith('/b (new)\n');
});

test('is colored line by line', () => {
  const lines = formatColoredDiff(change).split('\n');
  expect(lines).toContain('\u001b[31m-two\u001b[39m');
  expect(lines).toContain('\u001b[32m+2\u001b[39m');
});

test('replaces escape sequences in the text', () => {
  const text = formatColoredDiff({ path: '/b', newText: '\u001b[2J\n' });
  expect(text).not.toContain('\u001b[2J');
});

test('handles a large file in which everything has changed', () => {
  const lines = (word: string) => Array.from({ length: 20_000 }, (_, i) => word + i).join('\n');
  const startedAt = performance.now();
  const text = formatDiff({ path: '/x', oldText: lines('a'), newText: lines('b') });
  expect(text).toContain('-a19999');
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

import { expect, test } from 'bun:test';
import { formatColoredDiff, formatDiff } from '../../../../src/agent/acp/text/diff.ts';

const change = { path: '/a.txt', oldText: 'one\ntwo\nthree\n', newText: 'one\n2\nthree\n' };

test('shows the removed and added lines with context', () => {
  expect(formatDiff(change)).toBe('/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three');
  expect(formatDiff({ path: '/b', newText: 'new\n' })).toStartWith('/b (new)\n');
});

test('has the hunk headers of git for new, deleted and empty files', () => {
  const hunks = (oldText: string | null, newText: string) =>
    formatDiff({ path: '/a', oldText, newText }).split('\n').slice(1);
  expect(hunks(null, 'one\ntwo\n')).toEqual(['@@ -0,0 +1,2 @@', '+one', '+two']);
  expect(hunks('', 'one\n')).toEqual(['@@ -0,0 +1,1 @@', '+one']);
  expect(hunks('one\ntwo\n', '')).toEqual(['@@ -1,2 +0,0 @@', '-one', '-two']);
  expect(hunks(null, '')).toEqual([]);
  expect(hunks(null, 'one')).toEqual(['@@ -0,0 +1,1 @@', '+one', '\\ No newline at end of file']);
});

test('has one hunk if too many lines have changed', () => {
  const lines = (word: string) => Array.from({ length: 3_000 }, (_, i) => `${word + i}\n`).join('');
  const created = formatDiff({ path: '/a', newText: lines('b') }).split('\n');
  expect(created.slice(0, 3)).toEqual(['/a (new)', '@@ -0,0 +1,3000 @@', '+b0']);
  expect(created.at(-1)).toBe('+b2999');
  const deleted = formatDiff({ path: '/a', oldText: lines('a'), newText: '' }).split('\n');
  expect(deleted.slice(0, 3)).toEqual(['/a', '@@ -1,3000 +0,0 @@', '-a0']);
  expect(deleted.at(-1)).toBe('-a2999');
  const replaced = formatDiff({ path: '/a', oldText: 'a', newText: lines('b') }).split('\n');
  expect(replaced.slice(1, 5)).toEqual([
    '@@ -1,1 +1,3000 @@',
    '-a',
    '\\ No newline at end of file',
    '+b0',
  ]);
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
  // The time of the processor, in microseconds: other programs do not count.
  const before = process.cpuUsage();
  const text = formatDiff({ path: '/x', oldText: lines('a'), newText: lines('b') });
  expect(text).toContain('-a19999');
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(5_000_000);
});

test('parts of a file do not say that the file has no newline at its end', () => {
  const part = formatDiff({ path: '/a', oldText: 'one\ntwo', newText: 'one\n2' });
  expect(part).toBe('/a\n@@ -1,2 +1,2 @@\n one\n-two\n+2');
});

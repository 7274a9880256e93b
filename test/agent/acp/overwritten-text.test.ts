// The diff of a tool call that overwrites a file, although its program reports a new file.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createToolCall, updateToolCall } from '../../../src/agent/acp/text/tool-call.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  mkdirSync(work());
});
afterEach(() => folder.remove());

const work = () => join(folder.path, 'work');

/** Announces a tool call that writes a file, and returns what the file contained before. */
function oldTextOf(path: string, status?: 'pending' | 'in_progress', tool = createToolCall(0)) {
  const content = [{ type: 'diff' as const, path, newText: 'new\n' }];
  updateToolCall(tool, { toolCallId: 't', ...(status && { status }), content }, work());
  const [diff] = tool.content;
  return diff?.type === 'diff' ? diff.oldText : undefined;
}

test('is a diff of the file', () => {
  writeFileSync(join(work(), 'a.txt'), 'old\n');
  expect(oldTextOf(join(work(), 'a.txt'))).toBe('old\n');
  expect(oldTextOf('a.txt', 'pending')).toBe('old\n');
  expect(oldTextOf('b.txt')).toBeNull();
});

test('stays when the file has been written', () => {
  const path = join(work(), 'a.txt');
  const tool = createToolCall(0);
  writeFileSync(path, 'old\n');
  oldTextOf(path, 'pending', tool);
  writeFileSync(path, 'new\n');
  expect(oldTextOf(path, 'in_progress', tool)).toBe('old\n');
});

test('is not read from a file that may have been written already', () => {
  const path = join(work(), 'a.txt');
  writeFileSync(path, 'something\n');
  expect(oldTextOf(path, 'in_progress')).toBeNull();
  writeFileSync(path, 'new\n');
  expect(oldTextOf(path)).toBeNull();
});

test('names no text of a binary or large file', () => {
  writeFileSync(join(work(), 'binary'), 'a\0b');
  writeFileSync(join(work(), 'large'), 'x'.repeat(262_145));
  expect(oldTextOf('binary')).toBe('');
  expect(oldTextOf('large')).toBe('');
});

test('reads nothing outside of the folder', () => {
  const outside = join(folder.path, 'secret');
  writeFileSync(outside, 'secret\n');
  symlinkSync(outside, join(work(), 'link'));
  expect(oldTextOf(outside)).toBeNull();
  expect(oldTextOf('link')).toBeNull();
  expect(oldTextOf('.')).toBeNull();
});

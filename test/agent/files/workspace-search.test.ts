// The files that an agent lists for `@`, on real folders.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkspaceSearch } from '../../../src/agent/files/workspace-search.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { createRepository, runGit } from '../../support/agent/work-repository.ts';

let temporary: TemporaryFolder;
let folder: string;
let scratch: string;
const clock = createManualClock();

beforeEach(() => {
  temporary = createTemporaryFolder();
  folder = join(temporary.path, 'work');
  scratch = join(temporary.path, 'scratch');
  for (const path of [folder, scratch]) mkdirSync(path);
});
afterEach(() => temporary.remove());

function write(path: string, content = ''): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const search = (query = '', limit = 50, maxFiles?: number) =>
  createWorkspaceSearch(folder, scratch, clock, maxFiles).search(query, limit);

test('in a repository, lists tracked and new files, without those that are ignored', async () => {
  createRepository(folder, { '.gitignore': 'ignored\nbuild/\n', 'a.ts': '' });
  write('new.ts');
  write('ignored');
  write('build/out.js');
  write('src/b.ts');
  expect(await search()).toEqual({
    files: ['.gitignore', 'a.ts', 'new.ts', 'src/b.ts'],
    isTruncated: false,
  });
  expect((await search('b')).files).toEqual(['src/b.ts']);
  expect(readdirSync(scratch)).toEqual([]);
});

test('in a folder of a repository, lists only its own files, relative to it', async () => {
  createRepository(folder, { 'above.ts': '' });
  write('sub/[x]/in.ts');
  const sub = join(folder, 'sub/[x]');
  const found = await createWorkspaceSearch(sub, scratch, clock).search('', 50);
  expect(found.files).toEqual(['in.ts']);
});

test('lists no deleted files, and runs no program of the repository', async () => {
  createRepository(folder, { 'a.ts': '', 'b.ts': '' });
  rmSync(join(folder, 'a.ts'));
  const trap = join(folder, 'ran');
  runGit(folder, 'config', 'core.fsmonitor', `touch ${trap}; false`);
  expect((await search()).files).toEqual(['b.ts']);
  expect(existsSync(trap)).toBe(false);
});

test('without a repository, walks the folder, and leaves out those with dependencies', async () => {
  write('a.ts');
  write('node_modules/x/index.js');
  write('src/deep/b.ts');
  expect(await search()).toEqual({ files: ['a.ts', 'src/deep/b.ts'], isTruncated: false });
});

test('a folder that its repository ignores is walked', async () => {
  createRepository(folder, { '.gitignore': 'scratch/\n' });
  write('scratch/a.ts');
  const ignored = join(folder, 'scratch');
  expect((await createWorkspaceSearch(ignored, scratch, clock).search('', 50)).files).toEqual([
    'a.ts',
  ]);
});

test.each([true, false])('never leaves the folder (repository: %p)', async (isRepository) => {
  const outside = join(temporary.path, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), '');
  if (isRepository) {
    createRepository(folder, { 'a.ts': '' });
    // A tracked folder that became a link to somewhere else.
    write('moved/secret');
    runGit(folder, 'add', '--all');
    rmSync(join(folder, 'moved'), { recursive: true });
    symlinkSync(outside, join(folder, 'moved'));
  } else write('a.ts');
  symlinkSync(outside, join(folder, 'link'));
  symlinkSync(join(outside, 'secret'), join(folder, 'file-link'));
  expect((await search()).files).toEqual(['a.ts']);
  expect((await search('../outside/secret')).files).toEqual([]);
});

test('lists at most the limits', async () => {
  for (let index = 0; index < 20; index += 1) write(`f${index}`);
  expect((await search('', 3)).files).toHaveLength(3);
  expect(await search('', 50, 5)).toMatchObject({ isTruncated: true });
  expect((await search('', 50, 5)).files).toHaveLength(5);
  createRepository(folder, {});
  expect(await search('', 50, 5)).toMatchObject({ isTruncated: true });
});

test('leaves out names that cannot be shown', async () => {
  write('a\nb');
  write('tab\t');
  write('ok');
  expect((await search()).files).toEqual(['ok']);
});

test('uses a list for 5 s', async () => {
  write('a');
  const { search: searchAgain } = createWorkspaceSearch(folder, scratch, clock);
  expect((await searchAgain('', 50)).files).toEqual(['a']);
  write('b');
  expect((await searchAgain('', 50)).files).toEqual(['a']);
  clock.advance(5_001);
  expect((await searchAgain('', 50)).files).toEqual(['a', 'b']);
});

test('a folder that was removed has no files', async () => {
  rmSync(folder, { recursive: true });
  expect(await search()).toEqual({ files: [], isTruncated: false });
});

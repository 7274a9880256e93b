// Which files and lines a folder snapshot counts.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeSnapshot } from '../../../src/agent/changes/folder-snapshot.ts';
import { createRepository, runGit, writeFiles } from '../../support/agent/work-repository.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const FILES = { 'one.txt': 'a\nb\nc\n', 'two.txt': 'x\ny\n', '.gitignore': 'ignored/\n*.log\n' };
const none = { files: 0, added: 0, removed: 0 };

let temporary: TemporaryFolder;
let work: string;
let scratch: string;

beforeEach(() => {
  temporary = createTemporaryFolder();
  work = join(temporary.path, 'work');
  scratch = join(temporary.path, 'scratch');
  for (const path of [work, scratch]) mkdirSync(path);
});
afterEach(() => temporary.remove());

const git = (...args: string[]) => runGit(work, ...args);
const write = (files: Record<string, string | Uint8Array>) => writeFiles(work, files);
const remove = (name: string) => rmSync(join(work, name), { recursive: true });
const rename = (from: string, to: string) => renameSync(join(work, from), join(work, to));

/** The changes that `act` makes in a folder. */
async function count(act: () => void, folder = work) {
  const snapshot = await takeSnapshot(folder, scratch);
  act();
  const changes = await snapshot.changes();
  snapshot.discard();
  return typeof changes === 'string' ? changes : changes.total;
}

describe('files', () => {
  beforeEach(() => createRepository(work, FILES));

  test('modified, new and deleted', async () => {
    expect(await count(() => write({ 'one.txt': 'a\nB\nc\nd\n' }))).toEqual({
      files: 1,
      added: 2,
      removed: 1,
    });
    expect(await count(() => write({ 'new.txt': '1\n2\n' }))).toEqual({
      files: 1,
      added: 2,
      removed: 0,
    });
    expect(await count(() => remove('two.txt'))).toEqual({ files: 1, added: 0, removed: 2 });
  });

  test('renamed', async () => {
    expect(await count(() => rename('one.txt', 'three.txt'))).toEqual({ ...none, files: 1 });
  });

  test('binary', async () => {
    const bytes = new Uint8Array([1, 0, 2, 10, 0]);
    expect(await count(() => write({ image: bytes }))).toEqual({ ...none, files: 1 });
  });

  test('with a name that is not UTF-8', async () => {
    const name = Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x61, 0xff, 0x0a])]);
    const act = () => writeFileSync(name, '1\n');
    expect(await count(act)).toEqual({ files: 1, added: 1, removed: 0 });
    const again = () => writeFileSync(name, '1\n2\n');
    expect(await count(again)).toEqual({ files: 1, added: 1, removed: 0 });
  });

  test('changed before are not counted', async () => {
    // The same size and the same second as the commit.
    write({ 'one.txt': 'a\nb\nC\n', 'new.txt': '1\n' });
    remove('two.txt');
    expect(await count(() => undefined)).toEqual(none);
    const act = () => write({ 'one.txt': 'A\nb\nC\n', 'new.txt': '2\n', 'two.txt': 'x\n' });
    expect(await count(act)).toEqual({ files: 3, added: 3, removed: 2 });
  });

  test('staged before are not counted', async () => {
    write({ 'one.txt': 'staged\n', 'new.txt': 'staged\n' });
    git('add', '--all');
    write({ 'one.txt': 'changed\n' });
    const act = () => write({ 'one.txt': 'during\n' });
    expect(await count(act)).toEqual({ files: 1, added: 1, removed: 1 });
  });

  test('ignored are not counted', async () => {
    writeFileSync(join(work, '.git/info/exclude'), 'excluded\n');
    writeFileSync(join(temporary.path, 'user-ignore'), 'by-user\n');
    git('config', 'core.excludesFile', join(temporary.path, 'user-ignore'));
    mkdirSync(join(work, 'ignored'));
    const act = () =>
      write({ 'ignored/a': '1\n', 'a.log': '1\n', excluded: '1\n', 'by-user': '1\n' });
    expect(await count(act)).toEqual(none);
  });

  test('ignored but tracked are counted', async () => {
    write({ 'a.log': '1\n' });
    git('add', '--force', 'a.log');
    expect(await count(() => write({ 'a.log': '2\n' }))).toEqual({
      files: 1,
      added: 1,
      removed: 1,
    });
  });

  test('replaced by folders and links', async () => {
    mkdirSync(join(work, 'folder'));
    write({ 'folder/a': '1\n', 'folder/b': '2\n' });
    git('add', '--all');
    const act = () => {
      rename('folder', 'moved');
      write({ 'moved/a': 'other\n' });
      symlinkSync('moved', join(work, 'folder'));
      remove('two.txt');
      mkdirSync(join(work, 'two.txt'));
      write({ 'two.txt/inner': 'x\ny\n' });
    };
    // The link is a file with one line. One file of the folder and two.txt are renamed.
    expect(await count(act)).toEqual({ files: 5, added: 2, removed: 1 });
  });
});

describe('line endings', () => {
  beforeEach(() => createRepository(work, FILES));
  const oneLine = { files: 1, added: 1, removed: 1 };

  test('that git converts are not counted', async () => {
    git('config', 'core.autocrlf', 'true');
    remove('one.txt');
    git('checkout', '--', 'one.txt');
    expect(await count(() => write({ 'one.txt': 'a\r\nB\r\nc\r\n' }))).toEqual(oneLine);
  });

  test('that an attribute converts are not counted', async () => {
    write({ '.gitattributes': '*.txt text eol=crlf\n', 'one.txt': 'a\r\nb\r\nc\r\n' });
    expect(await count(() => write({ 'one.txt': 'a\r\nB\r\nc\r\n' }))).toEqual(oneLine);
  });

  test('that are committed stay', async () => {
    write({ 'one.txt': 'a\r\nb\r\nc\r\n' });
    git('commit', '--quiet', '--all', '--message', 'second');
    expect(await count(() => write({ 'one.txt': 'a\r\nB\r\nc\r\n' }))).toEqual(oneLine);
    expect(await count(() => write({ 'one.txt': 'a\nB\nc\n' }))).toEqual({
      files: 1,
      added: 3,
      removed: 3,
    });
  });
});

describe('git commands of the turn', () => {
  const changed = { files: 1, added: 1, removed: 1 };
  beforeEach(() => createRepository(work, FILES));

  test('a commit', async () => {
    const act = () => {
      write({ 'one.txt': 'a\nB\nc\n' });
      git('commit', '--quiet', '--all', '--message', 'second');
      git('gc', '--quiet');
    };
    expect(await count(act)).toEqual(changed);
  });

  test('a checkout of another branch', async () => {
    git('checkout', '--quiet', '-b', 'other');
    write({ 'one.txt': 'a\nB\nc\n' });
    git('commit', '--quiet', '--all', '--message', 'second');
    expect(await count(() => git('checkout', '--quiet', 'main'))).toEqual(changed);
  });

  test('a merge with conflicts, before and during the turn', async () => {
    git('checkout', '--quiet', '-b', 'other');
    write({ 'one.txt': 'other\n' });
    git('commit', '--quiet', '--all', '--message', 'second');
    git('checkout', '--quiet', 'main');
    write({ 'one.txt': 'mine\n' });
    git('commit', '--quiet', '--all', '--message', 'third');
    const merge = () => expect(() => git('merge', 'other')).toThrow();
    expect(await count(merge)).toEqual({ files: 1, added: 4, removed: 0 });
    const resolve = () => write({ 'one.txt': 'mine\n' });
    expect(await count(resolve)).toEqual({ files: 1, added: 0, removed: 4 });
  });
});

describe('repositories', () => {
  const oneLine = { files: 1, added: 1, removed: 0 };
  const act = (folder: string) => () => writeFiles(folder, { 'new.txt': '1\n', 'new.log': '1\n' });

  test('none', async () => {
    expect(await count(act(work))).toBe('no_repository');
  });

  test('a subfolder', async () => {
    createRepository(work, FILES);
    const folder = join(work, ':(top)[a]*');
    mkdirSync(folder);
    const both = () => {
      act(folder)();
      act(work)();
    };
    expect(await count(both, folder)).toEqual(oneLine);
  });

  test('a folder behind a symbolic link', async () => {
    createRepository(work, FILES);
    symlinkSync(work, join(temporary.path, 'link'));
    expect(await count(act(work), join(temporary.path, 'link'))).toEqual(oneLine);
  });

  test('a linked worktree', async () => {
    createRepository(work, FILES);
    git('worktree', 'add', '--quiet', join(temporary.path, 'linked'));
    const linked = join(temporary.path, 'linked');
    expect(await count(act(linked), linked)).toEqual(oneLine);
  });

  test('nested repositories are skipped', async () => {
    createRepository(join(work, 'nested'), FILES);
    createRepository(work, FILES);
    const nested = () => {
      act(join(work, 'nested'))();
      runGit(join(work, 'nested'), 'add', '--all');
      runGit(join(work, 'nested'), 'commit', '--quiet', '--message', 'second');
      createRepository(join(work, 'new'), FILES);
      runGit(work, 'init', '--quiet', 'empty');
      remove('two.txt');
      createRepository(join(work, 'two.txt'), FILES);
    };
    expect(await count(nested)).toEqual({ files: 1, added: 0, removed: 2 });
    const inside = () => remove('nested/one.txt');
    expect(await count(inside, join(work, 'nested'))).toEqual({ files: 1, added: 0, removed: 3 });
  });

  test('a snapshot that takes too long', async () => {
    createRepository(work, FILES);
    const snapshot = await takeSnapshot(work, scratch);
    expect(await snapshot.changes(0)).toBe('timeout');
    expect(await snapshot.changes()).toMatchObject({ total: none });
  });

  test('a pipe in place of the index does not block', async () => {
    createRepository(work, FILES);
    remove('.git/index');
    expect(Bun.spawnSync(['mkfifo', join(work, '.git/index')]).success).toBe(true);
    expect(await count(act(work))).toEqual(oneLine);
  });

  test('with SHA-256', async () => {
    git('init', '--quiet', '--object-format=sha256');
    createRepository(work, FILES);
    expect(await count(act(work))).toEqual(oneLine);
    expect(await count(() => remove('one.txt'))).toEqual({ files: 1, added: 0, removed: 3 });
  });

  test('with a split index', async () => {
    createRepository(work, { ...FILES, 'a.log': '1\n' });
    git('add', '--force', 'a.log');
    git('update-index', '--split-index');
    expect(await count(() => remove('a.log'))).toEqual({ files: 1, added: 0, removed: 1 });
  });

  test('with missing objects', async () => {
    createRepository(work, FILES);
    const blob = git('rev-parse', 'HEAD:two.txt').trim();
    rmSync(join(work, '.git/objects', blob.slice(0, 2), blob.slice(2)));
    expect(await count(act(work))).toEqual(oneLine);
    expect(await count(() => write({ 'two.txt': 'z\n' }))).toBe('failed');
  });
});

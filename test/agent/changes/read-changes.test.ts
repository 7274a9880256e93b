// The changed files between two snapshots: their kinds, names and diffs, and what is left out.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type MeasuredFolder, takeSnapshot } from '../../../src/agent/changes/folder-snapshot.ts';
import type { FileChange } from '../../../src/protocol/changes.ts';
import { CHANGES_BYTES, MAX_CHANGED_FILES, PATCH_BYTES } from '../../../src/protocol/limits.ts';
import { createRepository, runGit, writeFiles } from '../../support/agent/work-repository.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const LINES = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join('');

let temporary: TemporaryFolder;
let work: string;
let scratch: string;

beforeEach(() => {
  temporary = createTemporaryFolder();
  work = join(temporary.path, 'work');
  scratch = join(temporary.path, 'scratch');
  mkdirSync(scratch);
  createRepository(work, { 'one.txt': LINES, 'two.txt': 'x\ny\n' });
});
afterEach(() => temporary.remove());

const inWork = (name: string) => join(work, name);

/** What `act` changes in a folder. */
async function measure(act: () => void, folder = work): Promise<MeasuredFolder> {
  const snapshot = await takeSnapshot(folder, scratch);
  act();
  const changes = await snapshot.changes();
  snapshot.discard();
  if (typeof changes === 'string') throw new Error(changes);
  return changes;
}

async function listChanges(act: () => void, folder?: string): Promise<FileChange[]> {
  return (await measure(act, folder)).files.map(({ change }) => change);
}

describe('a file that was', () => {
  test('modified has its hunks, with three lines of context', async () => {
    const changed = LINES.replace('line 2\n', 'line two\n').replace('line 29\n', '');
    expect(await listChanges(() => writeFiles(work, { 'one.txt': changed }))).toEqual([
      {
        path: 'one.txt',
        kind: 'modified',
        added: 1,
        removed: 2,
        isBinary: false,
        isRevertible: false,
        patch: expect.stringMatching(
          /^@@ -1,5 \+1,5 @@\n line 1\n-line 2\n\+line two\n line 3\n line 4\n line 5\n@@ -26,5 \+26,4 @@[^]*-line 29\n line 30\n$/,
        ),
      },
    ]);
  });

  test('added, deleted or renamed has its kind', async () => {
    const changes = await listChanges(() => {
      writeFiles(work, { 'new.txt': 'a\n', 'empty.txt': '' });
      rmSync(inWork('two.txt'));
      renameSync(inWork('one.txt'), inWork('renamed.txt'));
    });
    expect(changes).toMatchObject([
      { path: 'empty.txt', kind: 'added', added: 0 },
      { path: 'new.txt', kind: 'added', patch: '@@ -0,0 +1 @@\n+a\n' },
      { path: 'renamed.txt', oldPath: 'one.txt', kind: 'renamed', added: 0 },
      { path: 'two.txt', kind: 'deleted', removed: 2, patch: '@@ -1,2 +0,0 @@\n-x\n-y\n' },
    ]);
    expect(changes[0]).not.toHaveProperty('patch');
    expect(changes[2]).not.toHaveProperty('patch');
  });

  test('renamed and changed has both paths and its hunks', async () => {
    const [change] = await listChanges(() => {
      renameSync(inWork('one.txt'), inWork('renamed.txt'));
      writeFileSync(inWork('renamed.txt'), `${LINES}end\n`);
    });
    expect(change).toMatchObject({ oldPath: 'one.txt', kind: 'renamed', added: 1 });
    expect(change?.patch).toContain('+end\n');
  });

  test('binary has its sizes and no patch', async () => {
    const [change] = await listChanges(() => writeFiles(work, { 'a.bin': new Uint8Array(9) }));
    expect(change).toMatchObject({ isBinary: true, oldSize: 0, newSize: 9, added: 0 });
    expect(change).not.toHaveProperty('patch');
  });

  test('made executable has its modes', async () => {
    const [change] = await listChanges(() => chmodSync(inWork('two.txt'), 0o755));
    expect(change).toMatchObject({ kind: 'modified', oldMode: '100644', newMode: '100755' });
  });

  test('added as executable, or as a link, has its mode', async () => {
    const changes = await listChanges(() => {
      writeFileSync(inWork('run.sh'), 'echo\n', { mode: 0o755 });
      symlinkSync('one.txt', inWork('link'));
    });
    expect(changes).toMatchObject([{ newMode: '120000' }, { newMode: '100755' }]);
    expect(changes[0]).not.toHaveProperty('oldMode');
  });

  test('replaced by a symbolic link has both contents', async () => {
    const changes = await listChanges(() => {
      rmSync(inWork('one.txt'));
      symlinkSync('two.txt', inWork('one.txt'));
      writeFiles(work, { 'two.txt': 'z\n' });
    });
    expect(changes).toMatchObject([
      { path: 'one.txt', oldMode: '100644', newMode: '120000' },
      { path: 'two.txt', patch: '@@ -1,2 +1 @@\n-x\n-y\n+z\n' },
    ]);
    expect(changes[0]?.patch).toEndWith('+two.txt\n\\ No newline at end of file\n');
    expect(changes[0]?.patch).toStartWith('@@ -1,30 +0,0 @@\n-line 1\n');
  });
});

test('ignored files are left out, and changes before the command too', async () => {
  writeFiles(work, { '.gitignore': 'secret\n', 'two.txt': 'changed before\n' });
  const changes = await listChanges(() => writeFiles(work, { secret: 'x', 'one.txt': 'y\n' }));
  expect(changes.map(({ path }) => path)).toEqual(['one.txt']);
});

test('the state folder of the agent is left out, also inside the repository', async () => {
  const state = inWork('sub [x]/state');
  mkdirSync(state, { recursive: true });
  const snapshot = await takeSnapshot(work, state);
  writeFiles(work, { 'sub [x]/state/journal.db': 'x', 'two.txt': 'z\n' });
  const changes = await snapshot.changes();
  if (typeof changes === 'string') throw new Error(changes);
  expect(changes.files.map(({ change }) => change.path)).toEqual(['two.txt']);
});

test('commits during the command do not hide its changes', async () => {
  const changes = await listChanges(() => {
    writeFiles(work, { 'two.txt': 'committed\n' });
    runGit(work, 'commit', '--quiet', '--all', '--message', 'by the agent');
  });
  expect(changes).toMatchObject([{ path: 'two.txt', added: 1, removed: 2 }]);
});

test('paths are relative to the folder, and files outside of it are left out', async () => {
  const folder = join(work, 'ünder [*]');
  mkdirSync(folder);
  writeFiles(folder, { 'inner.txt': 'a\n' });
  const changes = await listChanges(() => {
    writeFiles(work, { 'two.txt': 'outside\n' });
    writeFiles(folder, { 'inner.txt': 'b\n' });
  }, folder);
  expect(changes).toMatchObject([{ path: 'inner.txt', patch: '@@ -1 +1 @@\n-a\n+b\n' }]);
});

test('names and contents that look like parts of a diff change nothing else', async () => {
  const names = ['a\ndiff --git a b', '"quoted"', 'tab\there', '-dash', ':(top)x', 'ü.txt'];
  const evil = 'diff --git a/x b/x\n@@ -1 +1 @@\n--- a/x\n\rdiff --git a/y b/y\n\u2028x\n';
  const changes = await listChanges(() => {
    for (const name of names) writeFileSync(inWork(name), evil);
  });
  expect(changes.map(({ path }) => path).toSorted()).toEqual(names.toSorted());
  const expected = evil
    .split('\n')
    .slice(0, -1)
    .map((line) => `+${line}\n`)
    .join('');
  for (const { patch } of changes) expect(patch).toBe(`@@ -0,0 +1,5 @@\n${expected}`);
});

test('a name that is not valid UTF-8 is readable', async () => {
  const name = Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x61, 0xff])]);
  const [change] = await listChanges(() => writeFileSync(name, '1\n'));
  expect(change).toMatchObject({ path: 'a\uFFFD', patch: '@@ -0,0 +1 @@\n+1\n' });
});

describe('limits', () => {
  test('a long diff is cut after a line', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `a line with number ${index}\n`);
    const [change] = await listChanges(() => writeFiles(work, { 'long.txt': lines.join('') }));
    expect(change).toMatchObject({ added: 20_000, omitted: 'too_large' });
    expect(change?.patch).toEndWith('\n');
    expect(Buffer.byteLength(change?.patch ?? '')).toBeWithin(PATCH_BYTES - 40, PATCH_BYTES + 1);
  });

  test('a diff in one long line is left out', async () => {
    const [change] = await listChanges(() => writeFiles(work, { 'min.js': 'x'.repeat(200_000) }));
    expect(change).toMatchObject({ added: 1, omitted: 'too_large', patch: '@@ -0,0 +1 @@\n' });
  });

  test('a large file has counts and no diff', async () => {
    const [change] = await listChanges(() => writeFiles(work, { big: '0123456789\n'.repeat(1e5) }));
    expect(change).toMatchObject({ added: 100_000, omitted: 'too_large', isBinary: false });
    expect(change).not.toHaveProperty('patch');
  });

  test('all files together fit into a message; smaller diffs follow one that does not', async () => {
    const text = '"quotes" and \ttabs\n'.repeat(5_000);
    const { files, total } = await measure(() => {
      for (let index = 10; index < 30; index += 1) writeFiles(work, { [`f${index}`]: text });
      writeFiles(work, { last: 'small\n' });
    });
    expect(total).toEqual({ files: 21, added: 100_001, removed: 0 });
    const changes = files.map(({ change }) => change);
    expect(JSON.stringify(changes).length).toBeLessThan(CHANGES_BYTES);
    expect(changes.filter(({ omitted }) => omitted === 'limit').length).toBeGreaterThan(5);
    expect(changes.at(-1)).toMatchObject({ path: 'last', patch: '@@ -0,0 +1 @@\n+small\n' });
  });

  test('many files are counted, and the first are listed', async () => {
    const { files, total, omittedFiles } = await measure(() => {
      for (let index = 0; index < MAX_CHANGED_FILES + 5; index += 1) {
        writeFileSync(inWork(`file-${index}`), '1\n');
      }
    });
    expect(total.files).toBe(MAX_CHANGED_FILES + 5);
    expect([files.length, omittedFiles]).toEqual([MAX_CHANGED_FILES, 5]);
  });
});

test('the repository is not changed', async () => {
  writeFiles(work, { 'two.txt': 'not committed\n' });
  const index = readFileSync(inWork('.git/index'));
  const modified = statSync(inWork('.git')).mtimeMs;
  const refs = runGit(work, 'for-each-ref');
  await listChanges(() => writeFiles(work, { 'one.txt': 'x\n' }));
  expect(readFileSync(inWork('.git/index'))).toEqual(index);
  expect(statSync(inWork('.git')).mtimeMs).toBe(modified);
  expect(runGit(work, 'for-each-ref')).toBe(refs);
});

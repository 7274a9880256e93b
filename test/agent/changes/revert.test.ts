// Files are reverted only if nothing is lost.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type ChangeTracker,
  createChangeTracker,
} from '../../../src/agent/changes/change-tracker.ts';
import { systemClock } from '../../../src/protocol/clock.ts';
import { createRepository, writeFiles } from '../../support/agent/work-repository.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let temporary: TemporaryFolder;
let work: string;
let tracker: ChangeTracker;

beforeEach(() => {
  temporary = createTemporaryFolder();
  work = join(temporary.path, 'work');
  const stateDir = join(temporary.path, 'state');
  mkdirSync(stateDir);
  createRepository(work, {
    'one.txt': 'a\nb\n',
    'run.sh': 'echo\n',
    'data.bin': new Uint8Array(5),
  });
  chmodSync(join(work, 'run.sh'), 0o755);
  tracker = createChangeTracker({ cwd: work, stateDir, clock: systemClock, log: () => undefined });
});
afterEach(() => temporary.remove());

const inWork = (name: string) => join(work, name);
const read = (name: string) => readFileSync(inWork(name), 'utf8');
const revert = (path: string, id = 'c1') => tracker.revert(id, path);
const explain = (path: string, id?: string) => rejectionOf(revert(path, id));

/** Runs `act` as a command, and returns the files that it changed. */
async function runCommand(act: () => void, id = 'c1') {
  const meter = tracker.begin(id, '!act');
  await meter.ready;
  act();
  const { report, files } = await meter.measure();
  meter.discard();
  expect(report.changesProblem).toBeUndefined();
  return files?.files ?? [];
}

test('a modified file, also an uncommitted, binary or executable one', async () => {
  writeFiles(work, { 'one.txt': 'changed before\n', 'untracked.txt': 'mine\n' });
  const files = await runCommand(() => {
    writeFiles(work, { 'one.txt': 'x\n', 'untracked.txt': 'y\n', 'data.bin': new Uint8Array(7) });
    writeFiles(work, { 'run.sh': 'rm -rf\n' });
    chmodSync(inWork('run.sh'), 0o644);
  });
  expect(files.map(({ isRevertible }) => isRevertible)).toEqual([true, true, true, true]);
  for (const { path } of files) await revert(path);
  expect(read('one.txt')).toBe('changed before\n');
  expect(read('untracked.txt')).toBe('mine\n');
  expect(read('data.bin')).toBe('\0'.repeat(5));
  expect(read('run.sh')).toBe('echo\n');
  expect(statSync(inWork('run.sh')).mode & 0o111).not.toBe(0);
});

test('an added file is deleted, and a deleted one is restored with its folder', async () => {
  mkdirSync(inWork('sub'));
  writeFiles(work, { 'sub/deep.txt': 'deep\n' });
  await runCommand(() => {
    writeFiles(work, { 'new.txt': '1\n' });
    rmSync(inWork('sub'), { recursive: true });
  });
  await revert('new.txt');
  await revert('sub/deep.txt');
  expect(existsSync(inWork('new.txt'))).toBe(false);
  expect(read('sub/deep.txt')).toBe('deep\n');
});

test('a renamed file gets its earlier name and content', async () => {
  const text = 'a line of text\n'.repeat(20);
  writeFiles(work, { 'old.txt': text });
  const [file] = await runCommand(() => {
    renameSync(inWork('old.txt'), inWork('new.txt'));
    writeFileSync(inWork('new.txt'), `${text}more\n`);
  });
  expect(file).toMatchObject({ kind: 'renamed', path: 'new.txt' });
  await revert('new.txt');
  expect(read('old.txt')).toBe(text);
  expect(existsSync(inWork('new.txt'))).toBe(false);
});

test('a symbolic link is restored as one, and never followed', async () => {
  symlinkSync('one.txt', inWork('link'));
  await runCommand(() => {
    rmSync(inWork('link'));
    symlinkSync('run.sh', inWork('link'));
  });
  await revert('link');
  expect(readlinkSync(inWork('link'))).toBe('one.txt');
  expect(read('one.txt')).toBe('a\nb\n');
});

describe('nothing is reverted if', () => {
  const change = () => runCommand(() => writeFiles(work, { 'one.txt': 'by the command\n' }));

  test('the file has changed since', async () => {
    await change();
    writeFiles(work, { 'one.txt': 'by a person\n' });
    expect(await explain('one.txt')).toContain('"one.txt" has changed since this command');
    expect(read('one.txt')).toBe('by a person\n');
  });

  test('the file was deleted or became executable since', async () => {
    await change();
    chmodSync(inWork('one.txt'), 0o755);
    expect(await explain('one.txt')).toContain('has changed since');
    rmSync(inWork('one.txt'));
    expect(await explain('one.txt')).toContain('has changed since');
  });

  test('a deleted file exists again', async () => {
    await runCommand(() => rmSync(inWork('one.txt')));
    writeFiles(work, { 'one.txt': 'new\n' });
    expect(await explain('one.txt')).toContain('"one.txt" exists again');
    expect(read('one.txt')).toBe('new\n');
  });

  test('there is another file in the place of a renamed one', async () => {
    const text = 'a line of text\n'.repeat(20);
    writeFiles(work, { 'old.txt': text });
    await runCommand(() => renameSync(inWork('old.txt'), inWork('new.txt')));
    writeFiles(work, { 'old.txt': 'other\n' });
    expect(await explain('new.txt')).toContain('"old.txt" exists again');
    expect([read('old.txt'), read('new.txt')]).toEqual(['other\n', text]);
  });

  test('a symbolic link has replaced its folder', async () => {
    mkdirSync(inWork('sub'));
    writeFiles(work, { 'sub/file.txt': 'a\n' });
    await runCommand(() => writeFiles(work, { 'sub/file.txt': 'b\n' }));
    const outside = join(temporary.path, 'outside');
    renameSync(inWork('sub'), outside);
    symlinkSync(outside, inWork('sub'));
    expect(await explain('sub/file.txt')).toContain('has changed since');
    expect(readFileSync(join(outside, 'file.txt'), 'utf8')).toBe('b\n');
    expect(lstatSync(inWork('sub')).isSymbolicLink()).toBe(true);
  });

  test('a command is running', async () => {
    await change();
    const meter = tracker.begin('c2', '!sleep');
    await meter.ready;
    expect(await explain('one.txt')).toContain('A command is running');
    meter.discard();
    await revert('one.txt');
    expect(read('one.txt')).toBe('a\nb\n');
  });

  test('the command or the file is unknown', async () => {
    await change();
    expect(await explain('two.txt')).toContain('no longer has the earlier version of "two.txt"');
    expect(await explain('one.txt', 'c9')).toContain('no longer has');
    expect(await explain('one.txt', '../c1')).toContain('no longer has');
  });

  test('it has been reverted', async () => {
    await change();
    await revert('one.txt');
    expect(await explain('one.txt')).toContain('has changed since');
  });
});

test('files that are too large are not kept, and others are', async () => {
  writeFiles(work, { 'big.bin': new Uint8Array(9 * 1_048_576) });
  const files = await runCommand(() => {
    writeFiles(work, { 'big.bin': new Uint8Array(9), 'one.txt': 'x\n' });
  });
  expect(files).toMatchObject([
    { path: 'big.bin', isRevertible: false },
    { path: 'one.txt', isRevertible: true },
  ]);
});

test('the files of the last 50 commands are kept', async () => {
  const earlierFiles = join(temporary.path, 'state/earlier-files');
  // Folders of earlier commands: measuring that many takes long.
  for (let index = 10; index < 59; index += 1) {
    mkdirSync(join(earlierFiles, `c${index}`), { recursive: true });
  }
  for (let index = 59; index < 62; index += 1) {
    await runCommand(() => writeFiles(work, { 'one.txt': `${index}\n` }), `c${index}`);
  }
  const kept = readdirSync(earlierFiles);
  expect(kept.toSorted()).toEqual(Array.from({ length: 50 }, (_, index) => `c${index + 12}`));
});

// What an AI program cannot do with the files of its agent, however it asks: leave the folder while folders are replaced by
// symlinks, read the kernel's files, or read without a limit.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  createWorkspaceFiles,
  type WorkspaceFiles,
} from '../../../src/agent/acp/workspace-files.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
let work: string;
let outside: string;
let files: WorkspaceFiles;

beforeEach(() => {
  folder = createTemporaryFolder();
  work = join(folder.path, 'work');
  outside = join(folder.path, 'outside');
  for (const path of [work, outside]) {
    mkdirSync(join(path, 'sub'), { recursive: true });
    writeFileSync(join(path, 'sub/file'), path);
  }
  files = createWorkspaceFiles(work);
});
afterEach(() => folder.remove());

describe('a folder that is replaced by a symlink', () => {
  const sub = () => join(work, 'sub');
  const link = () => join(work, 'link');
  const original = () => join(work, 'original');

  /** Replaces the folder while `act` runs, and restores it afterwards. */
  async function replaceDuring(act: () => Promise<unknown>): Promise<unknown> {
    symlinkSync(join(outside, 'sub'), link());
    const acting = act().catch((error: unknown) => error);
    renameSync(sub(), original());
    renameSync(link(), sub());
    const result = await acting;
    renameSync(sub(), link());
    renameSync(original(), sub());
    Bun.spawnSync(['rm', link()]);
    return result;
  }

  test('leads to no other file when it is replaced during a read', async () => {
    for (let i = 0; i < 100; i++) {
      expect(await replaceDuring(() => files.read(join(sub(), 'file')))).toBe(work);
    }
  });

  test('leads to no other file or folder when it is replaced during a write', async () => {
    for (const name of ['file', 'new', 'folder/new']) {
      await replaceDuring(() => files.write(join(sub(), name), 'written'));
      expect(readFileSync(join(sub(), name), 'utf8')).toBe('written');
    }
    expect(readdirSync(join(outside, 'sub'))).toEqual(['file']);
    expect(readFileSync(join(outside, 'sub/file'), 'utf8')).toBe(outside);
  });

  test('leads to no other file or folder when another process replaces it all the time', async () => {
    symlinkSync(join(outside, 'sub'), link());
    // A write while the folder is missing creates it.
    const script = `const { renameSync, rmSync } = require('node:fs');
      function move(from, to) {
        try {
          renameSync(from, to);
        } catch {
          rmSync(to, { recursive: true, force: true });
          move(from, to);
        }
      }
      for (;;) {
        move('sub', 'original');
        move('link', 'sub');
        move('sub', 'link');
        move('original', 'sub');
      }`;
    const swapper = Bun.spawn([process.execPath, '-e', script], { cwd: work });
    const results = new Set<string>();
    for (let i = 0; i < 1_500 || results.size === 0; i++) {
      const text = await files.read(join(sub(), 'file')).catch(() => null);
      if (text !== null) results.add(text);
      await files.write(join(sub(), `new/${i % 10}`), 'written').catch(() => undefined);
    }
    expect(swapper.exitCode).toBeNull();
    swapper.kill('SIGKILL');
    await swapper.exited;
    expect([...results]).toEqual([work]);
    expect(readdirSync(join(outside, 'sub'))).toEqual(['file']);
  }, 120_000);
});

test('two writes can create the same folder at the same time', async () => {
  const names = ['a', 'b', 'c'];
  await Promise.all(names.map((name) => files.write(join(work, 'new/deep', name), name)));
  expect(readdirSync(join(work, 'new/deep')).toSorted()).toEqual(names);
});

test('a hard link is a file of the folder', async () => {
  const path = join(work, 'hard-link');
  linkSync(join(outside, 'sub/file'), path);
  expect(await files.read(path)).toBe(outside);
  await files.write(path, 'written');
  expect(readFileSync(join(outside, 'sub/file'), 'utf8')).toBe('written');
});

test('a file of more than 16 MiB is rejected', async () => {
  const path = join(work, 'large');
  writeFileSync(path, '');
  truncateSync(path, 16 * 1_048_576);
  expect(await files.read(path)).toHaveLength(16 * 1_048_576);
  truncateSync(path, 16 * 1_048_576 + 1);
  expect(files.read(path)).rejects.toThrow('larger than 16 MiB');
});

describe('an agent in the root folder', () => {
  beforeEach(() => {
    files = createWorkspaceFiles('/');
  });

  test.each([
    '/proc/self/environ',
    '/proc/self/mem',
    '/proc/thread-self/maps',
    '/proc/1/environ',
    '/proc/sys/kernel/hostname',
    '/sys/kernel/uevent_seqnum',
    '/dev/zero',
    '/dev/tty',
    'proc/self/environ',
    '/etc/../proc/self/environ',
  ])('cannot read %s', (path) => {
    expect(files.read(path)).rejects.toThrow('belongs to the operating system');
  });

  test('cannot read or write files of the kernel through symlinks', () => {
    symlinkSync('/proc/self', join(work, 'link'));
    const path = join(work, 'link/comm');
    expect(files.read(path)).rejects.toThrow('belongs to the operating system');
    expect(files.write(path, 'x')).rejects.toThrow('belongs to the operating system');
  });

  test('has access to other files, and to shared memory', async () => {
    expect(await files.read(join(work, 'sub/file'))).toBe(work);
    const path = `/dev/shm/${folder.path.split('/').at(-1)}`;
    await files.write(path, 'shared');
    expect(await files.read(path)).toBe('shared');
    Bun.spawnSync(['rm', path]);
  });
});

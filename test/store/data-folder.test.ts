import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../src/store/data-folder.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-data-'));
  dir = join(root, 'deep', 'data');
});
afterEach(() => rmSync(root, { recursive: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('a data folder', () => {
  test('is created with mode 0700', () => {
    openDataFolder(dir).release();
    expect(modeOf(dir)).toBe('700');
  });

  test('and its files become private, whatever their modes and the umask', () => {
    const umask = process.umask(0);
    try {
      mkdirSync(dir, { recursive: true, mode: 0o777 });
      writeFileSync(join(dir, 'signalbox.db-wal'), '', { mode: 0o666 });
      mkdirSync(join(dir, 'folder'), { mode: 0o755 });
      const folder = openDataFolder(dir);
      const store = openStore(folder.resolve('signalbox.db'));
      folder.write('jwt-secret', 'secret');
      expect(modeOf(dir)).toBe('700');
      const files = readdirSync(dir).filter((name) => name !== 'folder');
      expect(files).toContain('signalbox.db-wal');
      expect(files.map((name) => [name, modeOf(join(dir, name))])).toEqual(
        files.map((name) => [name, '600']),
      );
      expect(modeOf(join(dir, 'folder'))).toBe('755');
      void store.close();
      folder.release();
    } finally {
      process.umask(umask);
    }
  });

  test('has one owner at a time, which the error for a second one names', () => {
    const first = openDataFolder(dir);
    expect(() => openDataFolder(dir)).toThrow(`${dir} is in use by another hub`);
    first.writeOwner('the hub at http://127.0.0.1:7420 (process 42)');
    expect(() => openDataFolder(dir)).toThrow(
      'in use by the hub at http://127.0.0.1:7420 (process 42)',
    );
    first.release();
    openDataFolder(dir).release();
  });

  test('is unlocked when its owner is killed', async () => {
    const script = `
      import { openDataFolder } from ${JSON.stringify(join(import.meta.dir, '../../src/store/data-folder.ts'))};
      // Referenced, so that the lock is not collected as garbage.
      globalThis.folder = openDataFolder(${JSON.stringify(dir)});
      globalThis.folder.writeOwner('the killed hub');
      console.log('locked');
      setInterval(() => {}, 1000);
    `;
    const owner = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
    const reader = owner.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('locked\n');
    expect(() => openDataFolder(dir)).toThrow('in use by the killed hub');
    owner.kill('SIGKILL');
    await owner.exited;
    openDataFolder(dir).release();
  });

  test('creates a secret once, with mode 0600', () => {
    const first = openDataFolder(dir);
    let count = 0;
    const create = () => `secret ${(count += 1)}`;
    expect(first.readOrCreate('jwt-secret', create)).toBe('secret 1');
    expect(first.readOrCreate('jwt-secret', create)).toBe('secret 1');
    expect(modeOf(first.resolve('jwt-secret'))).toBe('600');
    first.release();
    const second = openDataFolder(dir);
    expect(second.readOrCreate('jwt-secret', create)).toBe('secret 1');
    second.release();
  });

  test('replaces a file in one step, and keeps the earlier text if that fails', () => {
    const folder = openDataFolder(dir);
    const file = folder.resolve('jwt-secret');
    folder.write('jwt-secret', 'first');
    const opened = openSync(file, 'r');
    folder.write('jwt-secret', 'second');
    expect(readFileSync(opened, 'utf8')).toBe('first');
    closeSync(opened);
    mkdirSync(`${file}.new`);
    expect(() => folder.write('jwt-secret', 'third')).toThrow();
    expect(folder.read('jwt-secret')).toBe('second');
    folder.release();
  });

  test('reads back what was written, and null for a missing file', () => {
    const folder = openDataFolder(dir);
    expect(folder.read('note')).toBeNull();
    folder.write('note', 'hello\n');
    expect(folder.read('note')).toBe('hello');
    expect(modeOf(folder.resolve('note'))).toBe('600');
    folder.release();
  });
});

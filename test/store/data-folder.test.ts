import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder } from '../../src/store/data-folder.ts';

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-data-'));
  dir = join(root, 'deep', 'data');
});
afterEach(() => rmSync(root, { recursive: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('a data folder', () => {
  test('is made where it is missing, for its owner alone', () => {
    openDataFolder(dir).release();
    expect(modeOf(dir)).toBe('700');
  });

  test('has one holder; a second is told who that is, and may come once it is released', () => {
    const first = openDataFolder(dir);
    expect(() => openDataFolder(dir)).toThrow(`${dir} is in use by another hub`);
    first.announce('the hub at http://127.0.0.1:7420 (process 42)');
    expect(() => openDataFolder(dir)).toThrow(
      'in use by the hub at http://127.0.0.1:7420 (process 42)',
    );
    first.release();
    openDataFolder(dir).release();
  });

  test('is free again when its holder was killed', async () => {
    const script = `
      import { openDataFolder } from ${JSON.stringify(join(import.meta.dir, '../../src/store/data-folder.ts'))};
      openDataFolder(${JSON.stringify(dir)}).announce('the doomed one');
      console.log('held');
      setInterval(() => {}, 1000);
    `;
    const holder = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
    const reader = holder.stdout.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('held\n');
    expect(() => openDataFolder(dir)).toThrow('in use by the doomed one');
    holder.kill('SIGKILL');
    await holder.exited;
    openDataFolder(dir).release();
  });

  test('makes a secret once, keeps it, and lets only its owner read it', () => {
    const first = openDataFolder(dir);
    let made = 0;
    const create = () => `secret ${(made += 1)}`;
    expect(first.secret('jwt-secret', create)).toBe('secret 1');
    expect(first.secret('jwt-secret', create)).toBe('secret 1');
    expect(modeOf(first.path('jwt-secret'))).toBe('600');
    first.release();
    const second = openDataFolder(dir);
    expect(second.secret('jwt-secret', create)).toBe('secret 1');
    second.release();
  });

  test('reads what was written, null where there is nothing', () => {
    const folder = openDataFolder(dir);
    expect(folder.read('note')).toBeNull();
    folder.write('note', 'hello\n');
    expect(folder.read('note')).toBe('hello');
    expect(modeOf(folder.path('note'))).toBe('600');
    folder.release();
  });
});

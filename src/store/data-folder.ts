// The folder a hub keeps everything in. One hub at a time: SQLite's own file lock says so, and goes with the process.
import { Database } from 'bun:sqlite';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A data folder that is ours until `release`. */
export interface DataFolder {
  /** Where a file of this name lives in it. */
  path(name: string): string;
  /** The text of a file; null where there is none. */
  read(name: string): string | null;
  /** Writes a file that its owner alone can read. */
  write(name: string, text: string): void;
  /** The text of a secret file, made by `create` and readable by its owner alone where there was none. */
  secret(name: string, create: () => string): string;
  /** Leaves word of who holds the folder, for whoever tries next. */
  announce(owner: string): void;
  release(): void;
}

/**
 * Takes hold of a data folder, and makes it where it is missing (mode 0700).
 * @throws when another hub holds it; the message names that one
 */
export function openDataFolder(dir: string): DataFolder {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(dir, name);
  const read = (name: string) => readOrNull(path(name));
  const write = (name: string, text: string) => writeFileSync(path(name), text, { mode: 0o600 });
  const lock = new Database(path('lock'), { create: true });
  try {
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new Error(`The data folder ${dir} is in use by ${read('owner') ?? 'another hub'}.`);
  }
  return {
    path,
    read,
    write,
    secret(name, create) {
      const held = read(name);
      if (held !== null) return held;
      const made = create();
      write(name, made);
      return made;
    },
    announce: (owner) => write('owner', owner),
    release: () => lock.close(),
  };
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

// The hub's data folder. An exclusive SQLite lock prevents a second hub from using it; the operating system releases
// the lock when the process exits.
import { Database } from 'bun:sqlite';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A data folder that this process has locked. */
export interface DataFolder {
  /** Returns the path of a file in the folder. */
  resolve(name: string): string;
  /** Returns the trimmed text of a file, or null if it does not exist or is empty. */
  read(name: string): string | null;
  /** Replaces a file in one step, with mode 0600. After a crash it has the earlier text or the new one. */
  write(name: string, text: string): void;
  /** Returns the text of a file. Writes it with the result of `create` if it does not exist. */
  readOrCreate(name: string, create: () => string): string;
  /** Stores a description of this process, which other hubs show when they find the folder locked. */
  writeOwner(description: string): void;
  /** Releases the lock. */
  release(): void;
}

/** The files that SQLite opens. Its other files get the mode of these. */
const DATABASES = ['lock', 'signalbox.db'];

/**
 * Locks a data folder, and creates it if it does not exist. The folder gets mode 0700 and its files 0600, whatever the
 * umask and their modes before.
 * @throws if another hub has locked it; the message identifies that hub
 */
export function openDataFolder(dir: string): DataFolder {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  makePrivate(dir);
  const resolve = (name: string) => join(dir, name);
  const read = (name: string) => readOrNull(resolve(name));
  const write = (name: string, text: string) => writeAtomically(dir, name, text);
  const lock = new Database(resolve('lock'), { create: true });
  try {
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    const owner = read('owner') ?? 'another hub';
    throw new Error(
      `The data folder ${dir} is in use by ${owner}. Stop that hub, or use another folder.`,
    );
  }
  return {
    resolve,
    read,
    write,
    readOrCreate(name, create) {
      const existing = read(name);
      if (existing !== null) return existing;
      const created = create();
      write(name, created);
      return created;
    },
    // Only for messages, so it may be lost in a crash of the machine, and no fsync delays the start.
    writeOwner: (description) => writeFileSync(resolve('owner'), description, { mode: 0o600 }),
    release: () => lock.close(),
  };
}

function makePrivate(dir: string) {
  for (const name of DATABASES) closeSync(openSync(join(dir, name), 'a', 0o600));
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isFile()) chmodSync(join(dir, entry.name), 0o600);
  }
  chmodSync(dir, 0o700);
}

function writeAtomically(dir: string, name: string, text: string) {
  const file = join(dir, name);
  const draft = `${file}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  sync(draft);
  renameSync(draft, file);
  sync(dir);
}

function sync(path: string) {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

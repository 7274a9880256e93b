// The SQLite file of the journal: its schema, and how it is opened, checked and replaced.
import { Database } from 'bun:sqlite';
import { renameSync } from 'node:fs';
import type { Clock } from '../../protocol/clock.ts';
import { type JournaledCommand, readCommands } from './reader.ts';

/** Incremented with every change to the schema. A journal with another version is replaced. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE commands (
    command_id TEXT PRIMARY KEY, attempt INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('started', 'finished', 'forgotten')),
    pid INTEGER, process_start TEXT, result TEXT,
    acked_sequence INTEGER NOT NULL DEFAULT 0, acked_offset INTEGER NOT NULL DEFAULT 0,
    next_sequence INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE output (
    command_id TEXT NOT NULL, sequence INTEGER NOT NULL, offset INTEGER NOT NULL,
    stream TEXT NOT NULL, data TEXT, PRIMARY KEY (command_id, sequence)
  ) STRICT, WITHOUT ROWID;
`;

/** Added to the schema without a new version: earlier versions ignore the table. */
const CHANGES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS changes (
    command_id TEXT NOT NULL PRIMARY KEY, data TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

export interface JournalContents {
  database: Database;
  /** Unique to this journal. */
  id: string;
  commands: JournaledCommand[];
}

/**
 * Opens the journal or creates it. Renames an unreadable journal and creates a new one.
 * @throws if the folder is not writable
 */
export function openDatabase(
  path: string,
  clock: Clock,
  log: (line: string) => void,
): JournalContents {
  try {
    return open(path);
  } catch (error) {
    const backup = `${path}.corrupt-${clock.now()}`;
    log(
      `cannot read the journal (${String(error)}); renamed it to ${backup} and created a new one`,
    );
    for (const suffix of ['', '-wal', '-shm']) moveIfExists(path + suffix, backup + suffix);
    return open(path);
  }
}

function open(path: string): JournalContents {
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run('PRAGMA busy_timeout = 2000');
    database.run('PRAGMA journal_mode = WAL');
    database.run('PRAGMA synchronous = FULL');
    const check = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
    if (check?.quick_check !== 'ok')
      throw new Error(check?.quick_check ?? 'integrity check failed');
    const schema = database.query<{ user_version: number }, []>('PRAGMA user_version').get();
    if (schema?.user_version === 0) createSchema(database);
    else if (schema?.user_version !== SCHEMA_VERSION) {
      throw new Error(`unknown schema version ${schema?.user_version}`);
    }
    database.run(CHANGES_SCHEMA);
    const id = database
      .query<{ value: string }, []>(`SELECT value FROM meta WHERE key = 'journal_id'`)
      .get();
    if (!id) throw new Error('missing journal ID');
    return { database, id: id.value, commands: readCommands(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function createSchema(database: Database): void {
  database.transaction(() => {
    database.run(SCHEMA);
    database.run(`INSERT INTO meta VALUES ('journal_id', ?)`, [Bun.randomUUIDv7()]);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  })();
}

function moveIfExists(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

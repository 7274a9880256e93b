// The agent's memory on disk: which attempts it has begun, as which process, what they wrote that the hub has not
// committed, and how they ended. It makes "at most once" and "nothing lost" true across a crash.
import { Database } from 'bun:sqlite';
import { renameSync } from 'node:fs';
import type { Clock } from '../../protocol/clock.ts';
import { createJournalWriter, type JournaledChange } from './writer.ts';
import { type JournaledCommand, readCommands } from './reader.ts';
import type { OutboxChange } from '../outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import type { CommandResult } from '../result.ts';

/** Raised with every change of the tables; a journal of another version is moved aside. */
const FORMAT = 1;
/** Output may be so far behind on disk, in milliseconds. */
const BEHIND_MS = 20;
/** Changes that are kept while the disk refuses them. */
const UNWRITTEN = 1000;
/** So many forgotten attempts are remembered, lest an old one be run again. */
const FORGOTTEN = 1000;

const TABLES = `
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

export type Journal = ReturnType<typeof openJournal>;

/**
 * Opens the journal, or begins one. One that cannot be read is moved aside and logged: the new one has another id,
 * which tells the hub that nobody knows what became of its commands.
 * @throws where the folder cannot be written
 */
export function openJournal(path: string, clock: Clock, log: (line: string) => void) {
  const { database, id, commands } = openOrReplace(path, clock, log);
  const writer = createJournalWriter(database);
  let changes: JournaledChange[] = [];
  let cancelTimer: (() => void) | null = null;
  let failed = false;

  /** Writes waiting output, with whatever else in the same transaction. */
  function commit(durable: boolean, alongside?: () => void): void {
    cancelTimer?.();
    cancelTimer = null;
    // Output needs to outlive this process, not the machine: only changes of state wait for the disk.
    database.run(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
    database.transaction(() => {
      writer.apply(changes);
      alongside?.();
    })();
    changes = [];
  }

  /** As `commit`, where the agent can go on without: a crash would then lose something, and only a crash. */
  function tryCommit(durable: boolean, alongside?: () => void): void {
    try {
      commit(durable, alongside);
      failed = false;
    } catch (error) {
      if (!failed) log(`journal: cannot be written, a crash may lose output: ${String(error)}`);
      failed = true;
      // A full disk must not fill the memory too. What is left out reads as dropped.
      changes = changes.slice(-UNWRITTEN);
    }
  }

  return {
    id,
    /** What an earlier process of this agent left: begun and perhaps still running, or ended and not acknowledged. */
    left: commands,

    /** The highest attempt of a command that was ever begun here, 0 where there was none. */
    lastAttempt: (commandId: string): number => writer.lastAttempt(commandId),

    /** An attempt is about to begin. On disk when this returns. @throws where it cannot be written */
    begin(commandId: string, attempt: number): void {
      commit(true, () => writer.begin(commandId, attempt));
    },

    /** The process that an attempt is. */
    process(commandId: string, identity: ProcessIdentity): void {
      tryCommit(false, () => writer.process(commandId, identity));
    },

    /** Output came, went or was acknowledged: on disk soon, and before any later change of state. */
    change(commandId: string, change: OutboxChange): void {
      changes.push({ commandId, change });
      cancelTimer ??= clock.after(BEHIND_MS, () => tryCommit(false));
    },

    /** An attempt has ended. It and all its output are on disk when this returns. */
    finish(commandId: string, result: CommandResult): void {
      tryCommit(true, () => writer.finish(commandId, result));
    },

    /** The hub has committed the result: only the attempt's number stays. */
    forget(commandId: string): void {
      tryCommit(false, () => writer.forget(commandId, FORGOTTEN));
    },

    close(): void {
      tryCommit(false);
      database.close();
    },
  };
}

interface Opened {
  database: Database;
  id: string;
  commands: JournaledCommand[];
}

function openOrReplace(path: string, clock: Clock, log: (line: string) => void): Opened {
  try {
    return open(path);
  } catch (error) {
    const aside = `${path}.corrupt-${clock.now()}`;
    log(`journal: cannot be read (${String(error)}); moved to ${aside}, beginning a new one`);
    for (const suffix of ['', '-wal', '-shm']) moveIfThere(path + suffix, aside + suffix);
    return open(path);
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

function open(path: string): Opened {
  const database = new Database(path, { create: true, strict: true });
  try {
    database.run('PRAGMA busy_timeout = 2000');
    database.run('PRAGMA journal_mode = WAL');
    database.run('PRAGMA synchronous = FULL');
    const check = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get();
    if (check?.quick_check !== 'ok') throw new Error(check?.quick_check ?? 'no answer');
    const format = database.query<{ user_version: number }, []>('PRAGMA user_version').get();
    if (format?.user_version === 0) create(database);
    if (format?.user_version !== 0 && format?.user_version !== FORMAT) {
      throw new Error(`format ${format?.user_version}`);
    }
    const id = database
      .query<{ value: string }, []>(`SELECT value FROM meta WHERE key = 'journal_id'`)
      .get();
    if (!id) throw new Error('it has no id');
    return { database, id: id.value, commands: readCommands(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function create(database: Database): void {
  database.transaction(() => {
    database.run(TABLES);
    database.run(`INSERT INTO meta VALUES ('journal_id', ?)`, [Bun.randomUUIDv7()]);
    database.run(`PRAGMA user_version = ${FORMAT}`);
  })();
}

// The agent's state on disk: started attempts, their processes, their unacknowledged output and their results. After a
// crash it ensures that no attempt runs twice and that no output is lost.
import type { Clock } from '../../protocol/clock.ts';
import type { FileChanges } from '../../protocol/changes.ts';
import type { OutboxChange } from '../outbox/outbox.ts';
import type { ProcessIdentity } from '../process/table.ts';
import type { CommandResult } from '../result.ts';
import { openDatabase } from './database.ts';
import { createJournalWriter, type JournaledChange } from './writer.ts';

/** The maximum delay before output is written, in milliseconds. */
const WRITE_DELAY_MS = 20;
/** The maximum number of changes kept in memory while the disk is not writable. */
const MAX_UNWRITTEN_CHANGES = 1_000;
/** The number of acknowledged commands whose attempt number is kept, so that they cannot run again. */
const MAX_FORGOTTEN_COMMANDS = 1_000;

export type Journal = ReturnType<typeof openJournal>;

/**
 * Opens the journal or creates it. If the journal cannot be read, a new one with another ID replaces it: the hub then
 * treats the state of this agent's commands as unknown.
 * @throws if the folder is not writable
 */
export function openJournal(path: string, clock: Clock, log: (line: string) => void) {
  const { database, id, commands } = openDatabase(path, clock, log);
  const writer = createJournalWriter(database);
  let changes: JournaledChange[] = [];
  let cancelTimer: (() => void) | null = null;
  let hasFailed = false;

  /** Writes the pending output changes in one transaction, together with `alongside`. */
  function commit(isDurable: boolean, alongside?: () => void): void {
    cancelTimer?.();
    cancelTimer = null;
    // Output must survive a crash of this process, but not of the machine. Only state changes wait for the disk.
    database.run(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`);
    database.transaction(() => {
      writer.apply(changes);
      alongside?.();
    })();
    changes = [];
  }

  /** Like `commit`, for writes that the agent can continue without. They are lost only if it crashes. */
  function tryCommit(isDurable: boolean, alongside?: () => void): void {
    try {
      commit(isDurable, alongside);
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) log(`cannot write the journal; a crash may lose output: ${String(error)}`);
      hasFailed = true;
      // A full disk must not cause unlimited memory use. Discarded changes count as dropped output.
      changes = changes.slice(-MAX_UNWRITTEN_CHANGES);
    }
  }

  return {
    id,
    /** The commands that an earlier agent process started and the hub has not acknowledged. */
    restored: commands,

    /** The highest attempt of a command that this agent has started; 0 if there is none. */
    lastAttempt: (commandId: string): number => writer.lastAttempt(commandId),

    /** Records that an attempt is about to start. It is on disk when this returns. @throws if it cannot be written */
    begin(commandId: string, attempt: number): void {
      commit(true, () => writer.begin(commandId, attempt));
    },

    recordProcess(commandId: string, identity: ProcessIdentity): void {
      tryCommit(false, () => writer.recordProcess(commandId, identity));
    },

    /** Records an output change. It is written within 20 ms, and before any later state change. */
    recordOutput(commandId: string, change: OutboxChange): void {
      changes.push({ commandId, change });
      cancelTimer ??= clock.after(WRITE_DELAY_MS, () => tryCommit(false));
    },

    /** Records the result and the changed files. They and all output are on disk when this returns. */
    finish(commandId: string, result: CommandResult, files: FileChanges | null = null): void {
      tryCommit(true, () => writer.finish(commandId, result, files));
    },

    /** The hub has committed the result: deletes everything but the attempt number. */
    forget(commandId: string): void {
      tryCommit(false, () => writer.forget(commandId, MAX_FORGOTTEN_COMMANDS));
    },

    close(): void {
      tryCommit(false);
      database.close();
    },
  };
}

// Measures what each command changes in the agent's folder, within time limits, and reverts files.
import { join } from 'node:path';
import type { Clock } from '../../protocol/clock.ts';
import type { FileChanges } from '../../protocol/changes.ts';
import type { CommandReport } from '../../protocol/report.ts';
import { errorMessage } from '../error-message.ts';
import { createEarlierFiles } from './earlier-files.ts';
import {
  type FolderSnapshot,
  isInRepository,
  type MeasuredFolder,
  noSnapshot,
  removeStaleSnapshots,
  takeSnapshot,
} from './folder-snapshot.ts';

/** The time limits for each of the two snapshots. They must be short, because snapshots delay shell commands. */
const SHELL_TIMEOUT_MS = 2_000;
const PROMPT_TIMEOUT_MS = 5_000;
/** After a shell command whose folder took too long, those that start within this time are not measured. */
const PAUSE_MS = 600_000;

/** What a command has changed: for its report, and file by file if there is anything. */
interface MeasuredChanges {
  report: Pick<CommandReport, 'changes' | 'changesProblem'>;
  files: FileChanges | null;
}

/** Measures one command. */
export interface CommandMeter {
  /** Resolves, never rejects, when the folder has been recorded: the command can start. Null if it can start at once. */
  readonly ready: Promise<unknown> | null;
  /** Measures the changes. Never rejects. Later calls return the first result. */
  measure(timeoutMs?: number): Promise<MeasuredChanges>;
  /** Deletes temporary files. */
  discard(): void;
}

export type ChangeTracker = ReturnType<typeof createChangeTracker>;

interface ChangeTrackerOptions {
  /** The agent's folder. */
  cwd: string;
  /** The agent's state folder. */
  stateDir: string;
  clock: Clock;
  log: (line: string) => void;
}

export function createChangeTracker({ cwd, stateDir, clock, log }: ChangeTrackerOptions) {
  const earlierFiles = createEarlierFiles(join(stateDir, 'earlier-files'));
  let pausedUntil = -Infinity;
  let runningCommands = 0;
  /** The revert in progress. Commands start after it. */
  let reverting: Promise<unknown> = Promise.resolve();

  removeStaleSnapshots(stateDir);

  async function record(timeoutMs: number): Promise<FolderSnapshot> {
    await reverting;
    return takeSnapshot(cwd, stateDir, timeoutMs);
  }

  async function keep(commandId: string, measured: MeasuredFolder): Promise<void> {
    try {
      await earlierFiles.keep(commandId, measured);
    } catch (error) {
      log(`cannot keep the earlier files of command ${commandId}: ${errorMessage(error)}`);
    }
  }

  return {
    /** Records the folder before a command. */
    begin(commandId: string, command: string): CommandMeter {
      const isShell = command.startsWith('!');
      const limit = isShell ? SHELL_TIMEOUT_MS : PROMPT_TIMEOUT_MS;
      const isPaused = isShell && clock.monotonic() < pausedUntil;
      const isMeasured = isInRepository(cwd) && !isPaused;
      const unmeasured = noSnapshot(isPaused ? 'timeout' : 'no_repository');
      const snapshot = isMeasured ? record(limit) : Promise.resolve(unmeasured);
      let measuring: Promise<MeasuredChanges> | null = null;
      runningCommands += 1;

      async function measure(timeoutMs: number): Promise<MeasuredChanges> {
        const measured = await (await snapshot).changes(timeoutMs);
        if (typeof measured === 'string') {
          // An interrupted command has less time: its timeout does not mean that the folder is too large.
          const isTooLarge = measured === 'timeout' && isMeasured && timeoutMs >= limit;
          if (isTooLarge) pausedUntil = clock.monotonic() + PAUSE_MS;
          return { report: { changesProblem: measured }, files: null };
        }
        const { total, omittedFiles } = measured;
        if (total.files === 0) return { report: { changes: total }, files: null };
        await keep(commandId, measured);
        const files = measured.files.map(({ change }) => change);
        return { report: { changes: total }, files: { files, omittedFiles } };
      }

      return {
        ready: isMeasured ? snapshot : null,
        measure: (timeoutMs = limit) => (measuring ??= measure(timeoutMs)),
        discard() {
          runningCommands -= 1;
          void snapshot.then((taken) => taken.discard());
        },
      };
    },

    /** Restores a file as it was before a command. Rejects with a message for the user if that is not possible. */
    revert(commandId: string, path: string): Promise<void> {
      if (runningCommands > 0) {
        const message = 'A command is running. Wait until it has ended, then revert the file.';
        return Promise.reject(new Error(message));
      }
      const revert = reverting.then(() => earlierFiles.revert(commandId, path));
      reverting = revert.catch(() => undefined);
      return revert;
    },
  };
}

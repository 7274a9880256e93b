// The end of a command: decided once, committed, and only then told.
import { type CommandStatus, nextCommandStatus } from '../../protocol/command-status.ts';
import {
  DASHBOARD_PING_MS,
  DASHBOARD_SILENCE_MS,
  RECONNECT_WINDOW_MS,
} from '../../protocol/limits.ts';
import type { CommandReport } from '../../protocol/report.ts';
import type { Authority } from '../broadcast.ts';
import { type Execution, toStatus } from '../state/execution.ts';
import type { Ending } from './outcome.ts';
import type { Readers } from '../terminals/subscriptions.ts';
import type { HubContext } from '../state/server-state.ts';
import type { Terminals } from '../terminals/terminals.ts';

/** A dashboard may come back so long after the last ping that it answered. */
const REMEMBERED_MS = DASHBOARD_PING_MS + DASHBOARD_SILENCE_MS + RECONNECT_WINDOW_MS + 5_000;
/** How long to wait before an end that could not be committed is tried again. */
const RETRY_MS = 1_000;

export type Endings = ReturnType<typeof createEndings>;

export function createEndings(
  { store, clock, storage }: HubContext,
  authority: Authority,
  terminals: Terminals,
  readers: Readers,
) {
  /** Oldest first. */
  let recent: Execution[] = [];
  /** How many ends have been told. The recent ones are the last of them. */
  let told = 0;
  const saves = new WeakMap<Execution, Promise<void>>();

  /** Tells everyone where a command stands. */
  function tell(execution: Execution) {
    authority.tellEveryone(toStatus(execution));
  }

  /** Tells everyone what is known of a command's turn. */
  function tellReport({ id: commandId, agentId }: Execution, report: CommandReport) {
    authority.tellEveryone({ type: 'command:report', commandId, agentId, ...report });
  }

  /** Fulfilled once every change of a command so far is on disk. */
  const persisted = (execution: Execution) => saves.get(execution) ?? Promise.resolve();

  /** Commits changes of a command, in their order, and does not give up. */
  function persist(execution: Execution, changes: Partial<Execution>): Promise<void> {
    const saved = persisted(execution).then(() => save(execution, changes));
    saves.set(execution, saved);
    return saved;
  }

  async function save(execution: Execution, changes: Partial<Execution>): Promise<void> {
    for (;;) {
      try {
        return await store.commands.update(execution.id, changes);
      } catch (error) {
        storage.failed(error);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** Says that a command's output is whole. */
  function completeOutput(commandId: string) {
    const buffer = terminals.get(commandId);
    if (!buffer || buffer.isComplete) return;
    buffer.complete();
    readers.completed(commandId);
    terminals.makeRoom();
  }

  /** The same for a command that ended before its output did; what that came to is kept. */
  function completeLate(commandId: string, report: CommandReport = {}) {
    const buffer = terminals.get(commandId);
    if (!buffer || buffer.isComplete) return;
    completeOutput(commandId);
    const { nextSequence, writtenBytes: totalBytes } = buffer;
    store.commands
      .update(commandId, { ...report, lastSequence: nextSequence - 1, totalBytes })
      .catch((error: unknown) => storage.failed(error));
  }

  /** Commits an end, and tells it. */
  async function settle(execution: Execution, status: CommandStatus, ending: Ending) {
    for (const cancel of execution.cancelTimers) cancel();
    await terminals.settled(execution.id);
    const buffer = terminals.get(execution.id);
    const changes = {
      ...ending.report,
      status,
      completedAt: Math.max(clock.now(), execution.startedAt ?? execution.requestedAt),
      exitCode: status === 'interrupted' ? null : (ending.exitCode ?? null),
      signal: ending.signal ?? null,
      error: ending.error ?? null,
      lastSequence: buffer ? buffer.nextSequence - 1 : null,
      totalBytes: buffer?.writtenBytes ?? null,
    };
    await persist(execution, changes);
    Object.assign(execution, changes);
    const oldest = clock.now() - REMEMBERED_MS;
    recent = [...recent.filter(({ completedAt }) => (completedAt ?? 0) >= oldest), execution];
    told += 1;
    if (!ending.outputFollows) completeOutput(execution.id);
    tell(execution);
  }

  return {
    tell,
    tellReport,
    persist,
    persisted,
    completeLate,
    /** How many ends have been told so far. */
    told: () => told,
    /** Commands whose ends were told after the first so many, as far back as a dashboard may be away. */
    toldAfter: (count: number) => recent.slice(Math.max(0, recent.length - (told - count))),
    /**
     * Ends a command. Fulfilled once the end is committed and told; one that is ending already is waited for.
     * @throws {IllegalMove} when its status does not allow such an end
     */
    async end(execution: Execution, ending: Ending): Promise<void> {
      if (!execution.ending) {
        const status = nextCommandStatus(execution.status, ending.event);
        execution.ending = settle(execution, status, ending);
      }
      return execution.ending;
    },
  };
}

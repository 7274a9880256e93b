// Ends commands: the outcome is decided once, committed, and only then published.
import type { AuditEntry } from '../../protocol/audit.ts';
import { type CommandStatus, nextCommandStatus } from '../../protocol/command-status.ts';
import {
  DASHBOARD_PING_MS,
  DASHBOARD_SILENCE_MS,
  RECONNECT_WINDOW_MS,
} from '../../protocol/limits.ts';
import type { CommandReport } from '../../protocol/report.ts';
import type { Store } from '../../store/store.ts';
import type { Broadcast } from '../broadcast.ts';
import type { HubContext } from '../context.ts';
import { abandon, type Execution, toStatus } from '../state/execution.ts';
import type { Subscriptions } from '../terminals/subscriptions.ts';
import type { Terminals } from '../terminals/terminals.ts';
import type { Turns } from '../turns.ts';
import type { Outcome } from './outcome.ts';

type CommandChanges = Parameters<Store['commands']['update']>[1];

/** A dashboard can resume this long after the last ping that it answered. */
const RESUMABLE_MS = DASHBOARD_PING_MS + DASHBOARD_SILENCE_MS + RECONNECT_WINDOW_MS + 5_000;

export type Completion = ReturnType<typeof createCompletion>;

export interface CompletionParts {
  broadcast: Broadcast;
  subscriptions: Subscriptions;
  terminals: Terminals;
  turns: Turns;
}

export function createCompletion(
  { state, store, clock, log, storeHealth }: HubContext,
  { broadcast, subscriptions, terminals, turns }: CompletionParts,
) {
  /** Recently completed commands, in the order of publication, with the time on the monotonic clock. */
  const recent: { execution: Execution; publishedAt: number }[] = [];
  /** How many completions were published. `recent` holds the latest of them. */
  let publishedCount = 0;
  /** The last write of each command with writes in progress, by commandId. */
  const lastWrites = new Map<string, Promise<void>>();
  /** The writes of `persistOnce` in progress, by commandId. */
  const attempts = new Map<string, Promise<void>>();
  /** The writes of late output in progress, by commandId. */
  const lateWrites = new Map<string, Promise<void>>();

  /** Sends the status of a command to all dashboards. */
  function publishStatus(execution: Execution) {
    execution.publishedStatus = execution.status;
    broadcast.toDashboards(execution.agentId, toStatus(execution));
  }

  /** Resolves when all changes made to a command so far are committed. */
  const whenPersisted = (commandId: string) => lastWrites.get(commandId) ?? Promise.resolve();

  /**
   * Commits changes to a command in order. Failed writes are retried until they succeed.
   * @param changes a function is called when the write starts, and until then can still add changes
   * @param entry about the changes
   */
  function persist(
    commandId: string,
    changes: CommandChanges | (() => CommandChanges),
    entry?: AuditEntry,
  ): Promise<void> {
    const write = whenPersisted(commandId)
      .then(() => {
        const written = typeof changes === 'function' ? changes() : changes;
        return storeHealth.retry(() => store.commands.update(commandId, written, entry));
      })
      .finally(() => {
        if (lastWrites.get(commandId) === write) lastWrites.delete(commandId);
      });
    lastWrites.set(commandId, write);
    return write;
  }

  /**
   * Commits changes with one attempt, after those made so far. Later changes do not wait for it.
   * @throws if the write fails
   */
  async function persistOnce(commandId: string, changes: CommandChanges): Promise<void> {
    const write = whenPersisted(commandId).then(() => store.commands.update(commandId, changes));
    const settled = write
      .catch(() => undefined)
      .finally(() => {
        if (attempts.get(commandId) === settled) attempts.delete(commandId);
      });
    attempts.set(commandId, settled);
    return write;
  }

  /** Publishes that a command's output is complete, once its size is committed. */
  function completeOutput(commandId: string) {
    const buffer = terminals.get(commandId);
    if (!buffer) return;
    buffer.complete();
    subscriptions.publishComplete(buffer);
    terminals.finish(buffer);
  }

  /**
   * Completes the output of a command that ended before all of its output arrived: stores its final size and report,
   * then publishes that it is complete.
   */
  function completeLateOutput(commandId: string, report: CommandReport = {}) {
    const buffer = terminals.get(commandId);
    if (!buffer || buffer.isSealed) return;
    buffer.seal();
    const { nextSequence, writtenBytes: totalBytes } = buffer;
    const changes = { ...report, lastSequence: nextSequence - 1, totalBytes, isOutputOpen: false };
    const write = terminals
      .flush(commandId)
      .then(() => persist(commandId, changes))
      .then(() => completeOutput(commandId))
      .catch((error: unknown) => {
        log.error('Could not store the size of late output.', { commandId, error });
      })
      .finally(() => lateWrites.delete(commandId));
    lateWrites.set(commandId, write);
  }

  /** Commits the outcome, then publishes it. */
  async function finish(execution: Execution, status: CommandStatus, outcome: Outcome) {
    abandon(execution);
    // Before the wait: an agent that reports the result may disconnect at once.
    const connection = state.agents.get(execution.agentId)?.connection;
    const buffer = terminals.get(execution.id);
    if (!outcome.isOutputPending) buffer?.seal();
    await terminals.flush(execution.id);
    await turns.end(execution.id);
    const changes = {
      ...outcome.report,
      status,
      completedAt: Math.max(clock.now(), execution.startedAt ?? execution.requestedAt),
      exitCode: status === 'interrupted' ? null : (outcome.exitCode ?? null),
      signal: outcome.signal ?? null,
      error: outcome.error ?? null,
      stopReason: execution.stopReason,
      disconnectedAt: connection?.link === null && execution.startedAt ? connection.since : null,
      isOutputOpen: (outcome.isOutputPending ?? false) && buffer?.isSealed === false,
      lastSequence: buffer ? buffer.nextSequence - 1 : null,
      totalBytes: buffer?.writtenBytes ?? null,
    };
    await persist(execution.id, changes);
    Object.assign(execution, changes);
    recordEnd(execution);
    if (!outcome.isOutputPending) completeOutput(execution.id);
    publishStatus(execution);
  }

  /** Keeps an ended command for the dashboards that resume. */
  function recordEnd(execution: Execution) {
    const publishedAt = clock.monotonic();
    const oldest = publishedAt - RESUMABLE_MS;
    while ((recent[0]?.publishedAt ?? oldest) < oldest) recent.shift();
    recent.push({ execution, publishedAt });
    publishedCount += 1;
  }

  return {
    publishStatus,
    persist,
    persistOnce,
    whenPersisted,
    /** Resolves when all changes made to the commands of an agent are committed, and those that follow from them. */
    async whenAllPersisted(agentId: string): Promise<void> {
      const ofAgent = () =>
        [...lastWrites, ...attempts].filter(
          ([id]) => state.executions.get(id)?.agentId === agentId,
        );
      for (let writes = ofAgent(); writes.length > 0; writes = ofAgent()) {
        await Promise.all(writes.map(([, write]) => write));
      }
    },
    completeLateOutput,
    /** Publishes that a command has ended, after another hub has stored it. */
    publishEnd(execution: Execution) {
      recordEnd(execution);
      publishStatus(execution);
    },
    /** Publishes that the output of a command is complete, after another hub has stored it. */
    publishOutputEnd(commandId: string) {
      terminals.get(commandId)?.seal();
      completeOutput(commandId);
    },
    /** Forgets the writes about a command that another hub owns now. */
    forget(commandId: string) {
      lastWrites.delete(commandId);
      attempts.delete(commandId);
      lateWrites.delete(commandId);
    },
    /** Resolves when the late output of a command, and its size, are committed. */
    whenLateOutputStored: (commandId: string) => lateWrites.get(commandId) ?? Promise.resolve(),
    /** Sends the report of a command's turn to all dashboards. */
    publishReport({ id: commandId, agentId }: Execution, report: CommandReport) {
      broadcast.toDashboards(agentId, { type: 'command:report', commandId, agentId, ...report });
    },
    /** How many completions were published since the hub started. */
    publishedCount: () => publishedCount,
    /** Commands completed after the first `count`, as far back as a dashboard can resume. */
    completedAfter: (count: number) =>
      recent
        .slice(Math.max(0, recent.length - (publishedCount - count)))
        .map(({ execution }) => execution),
    /**
     * Ends a command. Resolves when the outcome is committed and published; a command that is already ending keeps its
     * first outcome.
     * @throws {IllegalTransition} if its status does not allow the outcome
     */
    async complete(execution: Execution, outcome: Outcome): Promise<void> {
      if (!execution.completion) {
        const status = nextCommandStatus(execution.status, outcome.event);
        execution.completion = finish(execution, status, outcome);
      }
      return execution.completion;
    },
  };
}

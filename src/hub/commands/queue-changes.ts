// Changes to commands in the queue: text, priority, order, and cancellations that can be undone (docs/protocol.md, "Queue").
// They take effect at once, and are answered when they are committed.
import type { AcceptedCommand, CancelledCommand, CommandChanges } from '../../protocol/api.ts';
import type { AuditEntry } from '../../protocol/audit.ts';
import { validateCommand } from '../../protocol/capabilities.ts';
import { HubError } from '../../protocol/errors.ts';
import { UNDO_MS } from '../../protocol/limits.ts';
import type { HubContext } from '../context.ts';
import { maySee } from '../grants.ts';
import type { Presence } from '../presence.ts';
import { requirePermission } from '../require-permission.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Execution } from '../state/execution.ts';
import { findExecution, queueOf } from '../state/server-state.ts';
import type { Completion } from './completion.ts';
import type { Dispatcher } from './dispatcher.ts';
import { countAhead, move, remove } from './queue.ts';

export type QueueChanges = ReturnType<typeof createQueueChanges>;

export interface QueueChangesParts {
  completion: Completion;
  dispatcher: Dispatcher;
  presence: Presence;
}

export function createQueueChanges(context: HubContext, parts: QueueChangesParts) {
  const { state, store, clock, storeHealth, audit } = context;
  const { completion, dispatcher, presence } = parts;
  /** The last write of the order of each queue in progress, by agentId. */
  const orderWrites = new Map<string, Promise<void>>();

  /**
   * Throws the error for a command that has ended or does not exist.
   * @throws {HubError} command_unknown, command_not_active
   */
  async function rejectEnded(actor: Actor, commandId: string): Promise<never> {
    const command = await store.commands.find(commandId);
    if (!command || !maySee(state, actor, command.agentId)) throw unknownCommand();
    throw new HubError('command_not_active', 'The command has already ended.');
  }

  /**
   * Calls `act` with a waiting command, in the same tick as the check: the hub cannot begin to send it in between.
   * @throws {HubError} forbidden, command_unknown, command_not_active, command_not_queued
   */
  async function withQueued<T>(
    actor: Actor,
    commandId: string,
    act: (execution: Execution) => Promise<T>,
  ): Promise<T> {
    requirePermission(actor, 'queue:manage');
    const execution = findExecution(state, commandId);
    if (!execution || execution.completion) return rejectEnded(actor, commandId);
    if (!maySee(state, actor, execution.agentId)) throw unknownCommand();
    if (execution.delivery === 'waiting') return act(execution);
    const isRunning = execution.status === 'running';
    throw new HubError(
      'command_not_queued',
      isRunning
        ? 'The command is already running. Interrupt it to stop it.'
        : 'The command is already being sent to its agent. Interrupt it to stop it.',
    );
  }

  function requireValidText({ agentId, comparisonId }: Execution, command: string) {
    if (comparisonId !== null) {
      throw new HubError(
        'invalid_command',
        'This command belongs to a comparison, so its text cannot be changed. Cancel it, and send another one.',
      );
    }
    const agent = state.agents.get(agentId);
    const capabilities = !agent || agent.connectionTime === null ? null : agent.capabilities;
    const reason = validateCommand(command, capabilities);
    if (reason !== null) throw new HubError('invalid_command', reason);
  }

  /** Returns the command that is to follow `execution`; null for the last place of its priority. */
  function requireNext(
    execution: Execution,
    { before, priority = execution.priority }: CommandChanges,
  ): Execution | null {
    if (before === undefined || before === null) return null;
    const next = queueOf(state, execution.agentId).find(({ id }) => id === before);
    if (!next) {
      throw new HubError(
        'command_not_queued',
        'The command that is to follow this one is no longer in the queue.',
      );
    }
    if (next.attempt > 0) {
      throw new HubError('invalid_message', 'The command at the head of the queue is sent first.');
    }
    if (next.priority === priority) return next;
    throw new HubError(
      'invalid_message',
      'A command cannot be moved among commands of another priority. Change its priority as well.',
    );
  }

  /** Stores the current order of a queue, after the order that was stored before. */
  function saveOrder(agentId: string): Promise<void> {
    const previous = orderWrites.get(agentId) ?? Promise.resolve();
    const write = previous
      .then(() =>
        storeHealth.retry(() =>
          store.commands.reorder((state.commandQueue.get(agentId) ?? []).map(({ id }) => id)),
        ),
      )
      .finally(() => {
        if (orderWrites.get(agentId) === write) orderWrites.delete(agentId);
      });
    orderWrites.set(agentId, write);
    return write;
  }

  /**
   * Waits until a change is committed, then publishes it.
   * @throws {HubError} unavailable if writes fail; the change is in effect
   */
  async function publishWhenSaved(agentId: string, write: Promise<unknown>) {
    const saved = write.then(() => {
      const agent = state.agents.get(agentId);
      if (agent) presence.publishUpdate(agent);
    });
    await Promise.race([saved, storeHealth.whenFailing()]);
    if (storeHealth.writeFailure() === null) return;
    const message =
      'The hub has changed the queue but could not save the change. If the hub restarts, change it again.';
    throw new HubError('unavailable', message);
  }

  function end(execution: Execution) {
    if (execution.completion) return;
    remove(queueOf(state, execution.agentId), execution);
    dispatcher.endInBackground(execution, { event: 'interrupted' });
    const agent = state.agents.get(execution.agentId);
    if (agent) presence.publishUpdate(agent);
  }

  function saveStop(execution: Execution, entry: AuditEntry): Promise<void> {
    const { id, agentId, stopReason } = execution;
    return publishWhenSaved(agentId, completion.persist(id, { stopReason }, entry));
  }

  async function change(
    actor: Actor,
    execution: Execution,
    body: CommandChanges,
  ): Promise<AcceptedCommand> {
    const { id: commandId, agentId } = execution;
    const { command = execution.command, priority = execution.priority } = body;
    if (execution.cancellation) {
      throw new HubError('command_not_queued', 'The command was cancelled. Restore it first.');
    }
    const isTextChanged = command !== execution.command;
    const isPriorityChanged = priority !== execution.priority;
    const isMoved = isPriorityChanged || body.before !== undefined;
    if (isTextChanged) requireValidText(execution, command);
    if (isMoved && execution.attempt > 0) {
      throw new HubError(
        'command_not_queued',
        'The command was sent before, and keeps its place at the head of the queue.',
      );
    }
    const next = requireNext(execution, body);
    const queue = queueOf(state, agentId);
    const answer = () => ({ commandId, agentId, position: countAhead(queue, execution) });
    if (!isTextChanged && !isMoved) return answer();
    const changes = {
      priority,
      ...(isTextChanged && { command, editedBy: actor.userId }),
    };
    Object.assign(execution, changes);
    if (isMoved) move(queue, execution, next);
    const entry = audit.createEntry(actor, {
      action: 'command.changed',
      target: commandId,
      detail: {
        agentId,
        ...(isTextChanged && { text: true }),
        ...(isPriorityChanged && { priority }),
        ...(isMoved && { position: countAhead(queue, execution) }),
      },
    });
    const writes = [completion.persist(commandId, changes, entry)];
    if (isMoved) writes.push(saveOrder(agentId));
    const answered = answer();
    await publishWhenSaved(agentId, Promise.all(writes));
    return answered;
  }

  async function cancel(actor: Actor, execution: Execution): Promise<CancelledCommand> {
    const { id: commandId, cancellation } = execution;
    const undoUntil = cancellation?.undoUntil ?? clock.now() + UNDO_MS;
    if (!cancellation) {
      const cancelTimer = clock.after(UNDO_MS, () => end(execution));
      execution.cancellation = { undoUntil, cancelTimer };
      execution.stopReason = 'user';
      const entry = audit.createEntry(actor, {
        action: 'command.interrupted',
        target: commandId,
      });
      await saveStop(execution, entry);
    }
    return { commandId, undoUntil };
  }

  async function restore(actor: Actor, execution: Execution): Promise<AcceptedCommand> {
    const { id: commandId, agentId, cancellation } = execution;
    const position = countAhead(queueOf(state, agentId), execution);
    if (cancellation) {
      cancellation.cancelTimer();
      execution.cancellation = null;
      execution.stopReason = null;
      const entry = audit.createEntry(actor, { action: 'command.restored', target: commandId });
      const saved = saveStop(execution, entry);
      const agent = state.agents.get(agentId);
      if (agent) dispatcher.dispatchNext(agent);
      await saved;
    }
    return { commandId, agentId, position };
  }

  return {
    /** Forgets the writes about the queue of an agent that another hub owns now. */
    forget: (agentId: string) => void orderWrites.delete(agentId),
    /**
     * Changes the text, the priority or the place of a queued command. Resolves with its position once that is committed.
     * @throws {HubError} forbidden, command_unknown, command_not_active, command_not_queued, invalid_command,
     * invalid_message, unavailable
     */
    change: (actor: Actor, commandId: string, body: CommandChanges): Promise<AcceptedCommand> =>
      withQueued(actor, commandId, (execution) => change(actor, execution, body)),
    /**
     * Cancels a queued command. It stays in the queue for 10 s, in which it can be restored. May be repeated.
     * @throws {HubError} forbidden, command_unknown, command_not_active, command_not_queued, unavailable
     */
    cancel: (actor: Actor, commandId: string): Promise<CancelledCommand> =>
      withQueued(actor, commandId, (execution) => cancel(actor, execution)),
    /**
     * Undoes a cancellation. May be repeated.
     * @throws {HubError} forbidden, command_unknown, command_not_active, command_not_queued, unavailable
     */
    restore: (actor: Actor, commandId: string): Promise<AcceptedCommand> =>
      withQueued(actor, commandId, (execution) => restore(actor, execution)),
  };
}

function unknownCommand(): HubError {
  return new HubError('command_unknown', 'Command not found.');
}

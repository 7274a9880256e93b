// A command that is not over: the CommandExecution, and where it stands on its way.
import type { CommandExecution } from '../../protocol/entities.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import type { Body } from '../../protocol/message.ts';
import type { StoredCommand } from '../../store/store.ts';

/**
 * `accepting` while the request is being committed, `waiting` in the queue, `sending` while the attempt is being
 * committed, `sent` once an agent may have it.
 */
export type Delivery = 'accepting' | 'waiting' | 'sending' | 'sent';

export interface Execution extends StoredCommand {
  delivery: Delivery;
  /** Why it was told to stop, if it was. */
  stopping: 'user' | 'timeout' | null;
  /** Its end, once that is decided; fulfilled when it is committed and told. A command ends once. */
  ending: Promise<void> | null;
  /** Since when it waits for somebody's answer; null while it does not. */
  waitingSince: number | null;
  /** How long it has waited for answers, in milliseconds: that time does not count. */
  waitedMs: number;
  /** Cancels its time-out, and whatever else is still to happen to it. */
  cancelTimers: (() => void)[];
}

/** A stored command, back to life. */
export function revive(command: StoredCommand): Execution {
  return {
    ...command,
    delivery: command.sent ? 'sent' : 'waiting',
    stopping: null,
    ending: null,
    waitingSince: null,
    waitedMs: 0,
    cancelTimers: [],
  };
}

/** What is stored of an execution. */
export function toStored(execution: Execution): StoredCommand {
  const { delivery, stopping, ending, waitingSince, waitedMs, cancelTimers, ...stored } = execution;
  return stored;
}

/** What others are told of a command: the CommandExecution alone. */
export function toCommandExecution(command: CommandExecution): CommandExecution {
  return {
    id: command.id,
    agentId: command.agentId,
    command: command.command,
    priority: command.priority,
    status: command.status,
    requestedBy: command.requestedBy,
    requestedAt: command.requestedAt,
    startedAt: command.startedAt,
    completedAt: command.completedAt,
    exitCode: command.exitCode,
    signal: command.signal,
    session: command.session,
    timeoutMs: command.timeoutMs,
    error: command.error,
    comparisonId: command.comparisonId,
    conversationId: command.conversationId,
    usage: command.usage,
    changes: command.changes,
  };
}

/** Where a command stands, as dashboards are told. */
export function toStatus(
  command: Pick<CommandExecution, 'id' | 'agentId' | 'status' | 'exitCode' | 'error'>,
): Extract<Body<HubToDashboard>, { type: 'command:status' }> {
  const { id: commandId, agentId, status, exitCode, error } = command;
  return {
    type: 'command:status',
    commandId,
    agentId,
    status,
    ...(exitCode !== null && { exitCode }),
    ...(error !== null && { error }),
  };
}

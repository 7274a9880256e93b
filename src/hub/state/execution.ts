// A command that has not ended: the CommandExecution of docs/data-model.md and the state kept with it.
import type { Clock } from '../../protocol/clock.ts';
import type { CommandStatus } from '../../protocol/command-status.ts';
import { CommandExecution } from '../../protocol/entities.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import { type TransitionTable, createTransition } from '../../protocol/state-machine.ts';
import type { StoredCommand } from '../../store/store.ts';
import { type CommandTimeout, createCommandTimeout } from './command-timeout.ts';

/**
 * The delivery state of a command: `accepting` while the request is being committed, `waiting` in the queue, `sending`
 * while the attempt is being committed, `sent` once the agent may have received it.
 */
export type Delivery = 'accepting' | 'waiting' | 'sending' | 'sent';

export type DeliveryEvent = 'committed' | 'taken' | 'sent' | 'returned';

export const deliveryTransitions: TransitionTable<Delivery, DeliveryEvent> = {
  accepting: { committed: 'waiting' },
  waiting: { taken: 'sending' },
  sending: { sent: 'sent', returned: 'waiting' },
  sent: { returned: 'waiting' },
};

const nextDelivery = createTransition('Delivery', deliveryTransitions);

/** A cancelled command that is still in the queue. */
export interface Cancellation {
  readonly undoUntil: number;
  /** Cancels the timer that ends the command. */
  cancelTimer(): void;
}

export interface Execution extends StoredCommand {
  readonly delivery: Delivery;
  /** The status that dashboards know: a change is published once it is committed. */
  publishedStatus: CommandStatus;
  /** Set while the command waits in the queue, does not run, and can be restored. */
  cancellation: Cancellation | null;
  /**
   * Set once its outcome is decided; resolves when the outcome is committed and published. A command ends exactly once.
   */
  completion: Promise<void> | null;
  timeout: CommandTimeout;
  /** Cancels the timer that stops a command if its agent does not start it. */
  cancelStartLimit: () => void;
  /** Cancels the timer that ends the command if its agent does not stop it; null until the agent has been asked to. */
  cancelGiveUp: (() => void) | null;
}

/** Creates the execution of a stored or new command. */
export function createExecution(
  clock: Clock,
  command: StoredCommand,
  delivery: Delivery,
): Execution {
  return {
    ...command,
    delivery,
    publishedStatus: command.status,
    cancellation: null,
    completion: null,
    timeout: createCommandTimeout(clock, command.timeoutMs),
    cancelStartLimit: () => {},
    cancelGiveUp: null,
  };
}

/**
 * Changes the delivery state of a command.
 * @throws {IllegalTransition} if its delivery state does not allow the event
 */
export function moveDelivery(execution: Execution, event: DeliveryEvent): void {
  Object.assign(execution, { delivery: nextDelivery(execution.delivery, event) });
}

/** Cancels the timers of a command that this hub does not handle anymore. */
export function abandon(execution: Execution): void {
  execution.timeout.stop();
  execution.cancellation?.cancelTimer();
  execution.cancelStartLimit();
  execution.cancelGiveUp?.();
}

/** The stored fields of an execution. */
export function toStored(execution: Execution): StoredCommand {
  const {
    delivery,
    publishedStatus,
    cancellation,
    completion,
    timeout,
    cancelStartLimit,
    cancelGiveUp,
    ...stored
  } = execution;
  return stored;
}

/** The public fields of a command. */
export function toCommandExecution(command: CommandExecution): CommandExecution {
  return pickFields(CommandExecution, command);
}

/** The `command:status` message of a command. */
export function toStatus(
  command: Pick<CommandExecution, 'id' | 'agentId' | 'status' | 'exitCode' | 'error'>,
): Extract<Unversioned<HubToDashboard>, { type: 'command:status' }> {
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

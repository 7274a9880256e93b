// The order of an agent's queued commands: high, normal, low, and within a priority first in, first out, unless a user
// has changed the order.
import type { Priority } from '../../protocol/command-status.ts';
import type { StoredCommand } from '../../store/store.ts';
import type { Execution } from '../state/execution.ts';

const ranks: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/**
 * Inserts a command after those of the same or a higher priority. Commands that were sent before (`attempt` > 0) keep
 * their place at the head.
 * @returns its position; 0 is next
 */
export function enqueue(queue: Execution[], command: Execution): number {
  const before = queue.findLastIndex(
    ({ priority, attempt }) => attempt > 0 || ranks[priority] <= ranks[command.priority],
  );
  queue.splice(before + 1, 0, command);
  return countAhead(queue, command);
}

/** Inserts a stored command where `compareStored` puts it, whatever was accepted before it was read. */
export function enqueueStored(queue: Execution[], command: Execution): void {
  const before = queue.findLastIndex(
    (other) =>
      other.attempt > 0 ||
      (command.attempt === 0 &&
        (ranks[other.priority] < ranks[command.priority] ||
          (other.priority === command.priority && compareStored(other, command) < 0))),
  );
  queue.splice(before + 1, 0, command);
}

/** Returns a command that its agent never started to the head of the queue. */
export function requeue(queue: Execution[], command: Execution): void {
  queue.unshift(command);
}

/** Removes a command from the queue. Returns false if it was not queued. */
export function remove(queue: Execution[], command: Execution): boolean {
  const index = queue.indexOf(command);
  if (index < 0) return false;
  queue.splice(index, 1);
  return true;
}

/** Removes the command that runs next from the queue, and returns it. Cancelled commands stay where they are. */
export function takeNext(queue: Execution[]): Execution | undefined {
  const index = queue.findIndex(({ cancellation }) => !cancellation);
  return index < 0 ? undefined : queue.splice(index, 1)[0];
}

/**
 * Moves a command within its priority.
 * @param before a command of the same priority that follows it; null for the last place of the priority
 */
export function move(queue: Execution[], command: Execution, before: Execution | null): void {
  if (before === command || !remove(queue, command)) return;
  if (before === null) enqueue(queue, command);
  else queue.splice(queue.indexOf(before), 0, command);
}

/** Counts the commands that run before one in the queue. */
export function countAhead(queue: readonly Execution[], command: Execution): number {
  return queue.slice(0, queue.indexOf(command)).filter(({ cancellation }) => !cancellation).length;
}

/**
 * Compares stored commands, so that `enqueue` restores the order of the queue from them: commands that were sent before,
 * then those that a user has put in order, then later ones.
 */
export function compareStored(a: StoredCommand, b: StoredCommand): number {
  const keysOf = ({ attempt, queueRank }: StoredCommand) => [
    attempt > 0 ? 0 : 1,
    queueRank ?? Infinity,
  ];
  const [sentA = 0, rankA = 0] = keysOf(a);
  const [sentB = 0, rankB = 0] = keysOf(b);
  if (sentA !== sentB) return sentA - sentB;
  if (rankA !== rankB) return rankA < rankB ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

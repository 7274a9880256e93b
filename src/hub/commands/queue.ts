// The order of an agent's queued commands: high, normal, low, and first in, first out within a priority.
import type { Priority } from '../../protocol/command-status.ts';
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
  return before + 1;
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

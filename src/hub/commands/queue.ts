// The order in which an agent's commands wait: high, normal, low; first come first served within a priority.
import type { Priority } from '../../protocol/command-status.ts';
import type { Execution } from '../state/execution.ts';

const ranks: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/**
 * Puts a command behind those of its priority and above.
 * One that was handed out before (`attempt` > 0) keeps its place at the head.
 * @returns its position; 0 is next
 */
export function enqueue(queue: Execution[], command: Execution): number {
  const behind = queue.findLastIndex(
    ({ priority, attempt }) => attempt > 0 || ranks[priority] <= ranks[command.priority],
  );
  queue.splice(behind + 1, 0, command);
  return behind + 1;
}

/** Puts a command that an agent never started back at the head. */
export function requeue(queue: Execution[], command: Execution): void {
  queue.unshift(command);
}

/** Takes a command out of the queue; false where it was not in it. */
export function withdraw(queue: Execution[], command: Execution): boolean {
  const index = queue.indexOf(command);
  if (index < 0) return false;
  queue.splice(index, 1);
  return true;
}

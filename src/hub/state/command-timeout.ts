// A command's timeout, which can be held: time spent waiting for an approval does not count
// (docs/protocol.md, "Commands").
import type { Clock } from '../../protocol/clock.ts';

export type CommandTimeout = ReturnType<typeof createCommandTimeout>;

/**
 * Creates the timeout of one command, not yet started.
 * @param durationMs how long the command may run
 * @param heldBeforeMs how long it has already waited for approvals
 */
export function createCommandTimeout(clock: Clock, durationMs: number, heldBeforeMs = 0) {
  let running: { since: number; onTimeout: () => void } | null = null;
  let isStopped = false;
  let heldSince: number | null = null;
  let heldMs = heldBeforeMs;
  let cancelTimer = () => {};

  function schedule() {
    cancelTimer();
    if (!running || heldSince !== null) return;
    const end = running.since + durationMs + heldMs;
    cancelTimer = clock.after(Math.max(0, end - clock.now()), running.onTimeout);
  }

  return {
    /** Whether the command waits for an approval. */
    get isHeld() {
      return heldSince !== null;
    },
    /** Starts the timeout, or restarts it with another start time. Does nothing after `stop`. */
    start(since: number, onTimeout: () => void) {
      if (isStopped) return;
      running = { since, onTimeout };
      schedule();
    },
    /** Pauses the timeout while the command waits for an approval. */
    hold() {
      if (isStopped || heldSince !== null) return;
      cancelTimer();
      heldSince = clock.now();
    },
    /** Continues after `hold`. */
    release() {
      if (heldSince === null) return;
      heldMs += clock.now() - heldSince;
      heldSince = null;
      schedule();
    },
    /** Cancels the timeout until the next `start`: the command was returned to the queue. */
    reset() {
      running = null;
      cancelTimer();
    },
    /** Cancels the timeout for good: the command was told to stop, or has ended. */
    stop() {
      isStopped = true;
      running = null;
      heldSince = null;
      cancelTimer();
    },
  };
}

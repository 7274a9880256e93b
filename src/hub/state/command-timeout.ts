// A command's timeout, which can be held: time spent waiting for an approval does not count
// (docs/protocol.md, "Commands").
import type { Clock } from '../../protocol/clock.ts';

export type CommandTimeout = ReturnType<typeof createCommandTimeout>;

/**
 * Creates the timeout of one command, not yet started.
 * @param durationMs how long the command may run
 */
export function createCommandTimeout(clock: Clock, durationMs: number) {
  let running: { since: number; onTimeout: () => void } | null = null;
  let isStopped = false;
  let heldSince: number | null = null;
  let heldMs = 0;
  let cancelTimer = () => {};

  function schedule() {
    cancelTimer();
    if (!running || heldSince !== null) return;
    const remainingMs = durationMs + heldMs - (clock.monotonic() - running.since);
    cancelTimer = clock.after(Math.max(0, remainingMs), running.onTimeout);
  }

  return {
    /** Whether the command waits for an approval. */
    get isHeld() {
      return heldSince !== null;
    },
    /**
     * Starts the timeout of a command that has already run for `elapsedMs`. Restarting replaces
     * the elapsed time. Does nothing after `stop`.
     */
    start(elapsedMs: number, onTimeout: () => void) {
      if (isStopped) return;
      running = { since: clock.monotonic() - elapsedMs, onTimeout };
      schedule();
    },
    /** Pauses the timeout because the command has been waiting for an approval for `elapsedMs`. */
    hold(elapsedMs = 0) {
      if (isStopped || heldSince !== null) return;
      cancelTimer();
      heldSince = clock.monotonic() - elapsedMs;
    },
    /** Adds time that the command waited for approvals before the hub was restarted. */
    addHeldTime(ms: number) {
      heldMs += ms;
    },
    /** Continues after `hold`. */
    release() {
      if (heldSince === null) return;
      heldMs += clock.monotonic() - heldSince;
      heldSince = null;
      schedule();
    },
    /** Schedules the timeout again: at once if it passed while the agent was offline. */
    reschedule: schedule,
    /** Cancels the timeout for good: the command was told to stop, or has ended. */
    stop() {
      isStopped = true;
      running = null;
      heldSince = null;
      cancelTimer();
    },
  };
}

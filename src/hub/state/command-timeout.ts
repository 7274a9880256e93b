// A command's timeout. It is paused while the command is waiting for approval (docs/protocol.md, "Commands").
import type { Clock } from '../../protocol/clock.ts';

export type CommandTimeout = ReturnType<typeof createCommandTimeout>;

/**
 * Creates the timeout of one command, not yet started.
 * @param durationMs how long the command may run
 */
export function createCommandTimeout(clock: Clock, durationMs: number) {
  let running: { since: number; onTimeout: () => void } | null = null;
  let isStopped = false;
  let pausedSince: number | null = null;
  let pausedMs = 0;
  let cancelTimer = () => {};

  function schedule() {
    cancelTimer();
    if (!running || pausedSince !== null) return;
    const remainingMs = durationMs + pausedMs - (clock.monotonic() - running.since);
    cancelTimer = clock.after(Math.max(0, remainingMs), running.onTimeout);
  }

  return {
    /** Whether the command is waiting for approval. */
    get isPaused() {
      return pausedSince !== null;
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
    /** Pauses the timeout because the command has been waiting for approval for `elapsedMs`. */
    pause(elapsedMs = 0) {
      if (isStopped || pausedSince !== null) return;
      cancelTimer();
      pausedSince = clock.monotonic() - elapsedMs;
    },
    /** Adds time that the command spent waiting for approval before the hub was restarted. */
    addPausedTime(ms: number) {
      pausedMs += ms;
    },
    /** Resumes the timeout after `pause`. */
    resume() {
      if (pausedSince === null) return;
      pausedMs += clock.monotonic() - pausedSince;
      pausedSince = null;
      schedule();
    },
    /** Schedules the timeout again. It fires immediately if the time ran out while the agent was offline. */
    reschedule: schedule,
    /** Cancels the timeout permanently: the command is being stopped or has ended. */
    stop() {
      isStopped = true;
      running = null;
      pausedSince = null;
      cancelTimer();
    },
  };
}

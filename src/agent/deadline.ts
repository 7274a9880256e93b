// A command's timeout. It can be paused: the time spent waiting for approval does not count.
import type { Clock } from '../protocol/clock.ts';

export type Deadline = ReturnType<typeof createDeadline>;

/** Calls `onExpire` once after `ms` milliseconds, not counting pauses, unless cancelled. */
export function createDeadline(clock: Clock, ms: number, onExpire: () => void) {
  let remaining = ms;
  let startedAt = clock.monotonic();
  let pauses = 0;
  let isCancelled = false;
  let cancelTimer: (() => void) | null = clock.after(remaining, onExpire);

  function stopTimer(): void {
    cancelTimer?.();
    cancelTimer = null;
  }

  return {
    /** Pauses the deadline. Pauses nest: it resumes after the same number of `resume` calls. */
    pause(): void {
      pauses += 1;
      if (pauses > 1 || !cancelTimer) return;
      remaining -= clock.monotonic() - startedAt;
      stopTimer();
    },
    resume(): void {
      pauses -= 1;
      if (pauses > 0 || isCancelled) return;
      startedAt = clock.monotonic();
      cancelTimer = clock.after(Math.max(0, remaining), onExpire);
    },
    cancel(): void {
      stopTimer();
      isCancelled = true;
    },
  };
}

// A time-out that can be held: the time spent waiting for a person's answer does not count.
import type { Clock } from '../protocol/clock.ts';

export type Deadline = ReturnType<typeof createDeadline>;

/** Calls `expired` once, after `ms` that were not held, unless cancelled. */
export function createDeadline(clock: Clock, ms: number, expired: () => void) {
  let left = ms;
  let since = clock.now();
  let holds = 0;
  let cancelTimer: (() => void) | null = clock.after(left, expired);

  function stop(): void {
    cancelTimer?.();
    cancelTimer = null;
  }

  return {
    /** Stops the time until as many `release`. */
    hold(): void {
      holds += 1;
      if (holds > 1 || !cancelTimer) return;
      left -= clock.now() - since;
      stop();
    },
    release(): void {
      holds -= 1;
      if (holds > 0 || left === -Infinity) return;
      since = clock.now();
      cancelTimer = clock.after(Math.max(0, left), expired);
    },
    cancel(): void {
      stop();
      left = -Infinity;
    },
  };
}

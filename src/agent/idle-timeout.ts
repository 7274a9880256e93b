// Detects a connection without traffic. It needs one timer, no matter how much traffic there is.
import type { Clock } from '../protocol/clock.ts';

/** Calls `onIdle` once when `touch` has not been called for `ms` milliseconds since `start`. */
export function createIdleTimeout(clock: Clock, ms: number, onIdle: () => void) {
  let touchedAt = 0;
  let cancelTimer: (() => void) | null = null;

  function check(): void {
    const remaining = touchedAt + ms - clock.now();
    cancelTimer = remaining > 0 ? clock.after(remaining, check) : null;
    if (!cancelTimer) onIdle();
  }

  function touch(): void {
    touchedAt = clock.now();
  }

  function stop(): void {
    cancelTimer?.();
    cancelTimer = null;
  }

  return {
    start(): void {
      stop();
      touch();
      cancelTimer = clock.after(ms, check);
    },
    touch,
    stop,
  };
}

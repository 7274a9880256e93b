// Detects an idle connection with a single timer, regardless of the amount of traffic.
import type { Clock } from '../protocol/clock.ts';

/** After `start`, calls `onIdle` once when `ms` milliseconds have passed without a call to `touch`. */
export function createIdleTimeout(clock: Clock, ms: number, onIdle: () => void) {
  let touchedAt = 0;
  let cancelTimer: (() => void) | null = null;

  function check(): void {
    const remaining = touchedAt + ms - clock.monotonic();
    cancelTimer = remaining > 0 ? clock.after(remaining, check) : null;
    if (!cancelTimer) onIdle();
  }

  function touch(): void {
    touchedAt = clock.monotonic();
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

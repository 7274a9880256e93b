// Notices that nothing has been heard for a while, at the price of one timer, however much is heard.
import type { Clock } from '../protocol/clock.ts';

/** Calls `silent` once nothing was heard for `ms` since `start`; then it is stopped. */
export function createIdleTimeout(clock: Clock, ms: number, silent: () => void) {
  let heardAt = 0;
  let cancelTimer: (() => void) | null = null;

  function snapshot(): void {
    const left = heardAt + ms - clock.now();
    if (left > 0) {
      cancelTimer = clock.after(left, snapshot);
      return;
    }
    cancelTimer = null;
    silent();
  }

  function stop(): void {
    cancelTimer?.();
    cancelTimer = null;
  }

  return {
    start(): void {
      stop();
      heardAt = clock.now();
      cancelTimer = clock.after(ms, snapshot);
    },
    heard(): void {
      heardAt = clock.now();
    },
    stop,
  };
}

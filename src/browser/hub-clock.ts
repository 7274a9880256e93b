// The hub's time. The page uses it for ages and running clocks, because the browser's clock may be wrong.
import type { Clock } from '../protocol/clock.ts';

export function createHubClock(clock: Clock) {
  /** The hub's clock minus the browser's, in milliseconds. */
  let offset = 0;
  /** The time at which the clock stopped; null while it runs. */
  let stoppedAt: number | null = null;

  return {
    /** Returns the hub's time, or the time at which the clock stopped. */
    now: () => stoppedAt ?? clock.now() + offset,
    /** Adjusts the clock to a message that was just received. */
    sync(timestamp: number): void {
      offset = timestamp - clock.now();
    },
    /** Stops the clock while the page is disconnected: what it measures may have ended. */
    setRunning(isRunning: boolean): void {
      stoppedAt = isRunning ? null : (stoppedAt ?? clock.now() + offset);
    },
  };
}

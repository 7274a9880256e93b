// Frames that make no sense are counted in the log, not written one by one: a broken client may send thousands.
import type { Log } from '../../hub/log.ts';
import type { Clock } from '../../protocol/clock.ts';

/** How often the count is written. */
const REPORT_MS = 10_000;

/** Counts one refused frame. */
export type CountRefused = () => void;

/** Makes the counter: the first of a row is written at once, the others together every 10 s. */
export function createRefusedFrames(clock: Clock, log: Log): CountRefused {
  let count = 0;
  let waiting = false;

  function report() {
    waiting = false;
    if (count === 0) return;
    log.warn('Frames that make no sense were refused.', { count });
    count = 0;
    wait();
  }

  function wait() {
    waiting = true;
    clock.after(REPORT_MS, report);
  }

  return () => {
    count += 1;
    if (!waiting) report();
  };
}

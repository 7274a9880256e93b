// Warnings that a peer can cause thousands of times. They are logged as a count, so that they do not fill the log.
import type { Clock } from '../protocol/clock.ts';
import type { Log } from './log.ts';

const REPORT_INTERVAL_MS = 10_000;

/**
 * Creates a function to call each time. It logs the first one immediately, then a total every 10 s.
 * @returns the function; it takes fields to log, of which the last ones are used
 */
export function createCountedWarning(
  clock: Clock,
  log: Log,
  message: string,
): (fields?: Record<string, unknown>) => void {
  let count = 0;
  let last: Record<string, unknown> = {};
  let isReportScheduled = false;

  function report() {
    isReportScheduled = false;
    if (count === 0) return;
    log.warn(message, { ...last, count });
    count = 0;
    isReportScheduled = true;
    clock.after(REPORT_INTERVAL_MS, report);
  }

  return (fields = {}) => {
    count += 1;
    last = fields;
    if (!isReportScheduled) report();
  };
}

// Logs invalid frames as a count, because a broken client can send thousands.
import type { Log } from '../../hub/log.ts';
import type { Clock } from '../../protocol/clock.ts';

const REPORT_INTERVAL_MS = 10_000;

/** Creates a function to call for each invalid frame. It logs the first one immediately, then a total every 10 s. */
export function createInvalidFrameLog(clock: Clock, log: Log): () => void {
  let count = 0;
  let isReportScheduled = false;

  function report() {
    isReportScheduled = false;
    if (count === 0) return;
    log.warn('Rejected invalid frames.', { count });
    count = 0;
    isReportScheduled = true;
    clock.after(REPORT_INTERVAL_MS, report);
  }

  return () => {
    count += 1;
    if (!isReportScheduled) report();
  };
}

// Which dashboards are slow: those for which data has been waiting for a while, or too much data. `bufferedBytes` omits up
// to 32 messages that were published in this tick.
import {
  BACKLOG_BYTES,
  MAX_BACKLOG_BYTES,
  SLOW_AFTER_MS,
  TOTAL_BACKLOG_BYTES,
} from '../../protocol/limits.ts';
import type { HubContext } from '../context.ts';
import type { DashboardConnection } from '../state/dashboard.ts';

/** The characters of output for which the backlogs are read once: the hub has no time to read them all for each chunk. */
const CHECK_LENGTH = 65_536;

export function createBacklogs({ state, clock }: Pick<HubContext, 'state' | 'clock'>) {
  let uncheckedLength = 0;

  /** Notes since when a dashboard has had a backlog. Returns its size. */
  function update(dashboard: DashboardConnection): number {
    const bytes = dashboard.state === 'CONNECTED' ? dashboard.link.bufferedBytes() : 0;
    if (bytes <= BACKLOG_BYTES) dashboard.backlogSince = null;
    else dashboard.backlogSince ??= clock.monotonic();
    return bytes;
  }

  /** The connected dashboards that are slow. Call it at least every `SLOW_AFTER_MS`. */
  function findSlow(): DashboardConnection[] {
    uncheckedLength = 0;
    const now = clock.monotonic();
    let totalBytes = 0;
    const waiting: { dashboard: DashboardConnection; bytes: number; since: number }[] = [];
    for (const dashboard of state.dashboards.values()) {
      const bytes = update(dashboard);
      totalBytes += bytes;
      const since = dashboard.backlogSince;
      if (since !== null) waiting.push({ dashboard, bytes, since });
    }
    const maxBytes = totalBytes > TOTAL_BACKLOG_BYTES ? BACKLOG_BYTES : MAX_BACKLOG_BYTES;
    return waiting
      .filter(({ bytes, since }) => bytes > maxBytes || now - since >= SLOW_AFTER_MS)
      .map(({ dashboard }) => dashboard);
  }

  return {
    update,
    findSlow,
    /** Counts published output. Returns the slow dashboards each time that there is enough of it to look for them. */
    add(length: number): DashboardConnection[] {
      uncheckedLength += length;
      return uncheckedLength < CHECK_LENGTH ? [] : findSlow();
    },
  };
}

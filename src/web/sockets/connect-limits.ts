// Limits how often dashboards and agents connect: each connection is stored, logged, and sent the whole state.
import { createCountedWarning } from '../../hub/counted-warning.ts';
import type { Log } from '../../hub/log.ts';
import type { Clock } from '../../protocol/clock.ts';
import { AGENT_CONNECT_RATE, DASHBOARD_CONNECT_RATE } from '../../protocol/limits.ts';
import { createRateCounters } from '../rate-counters.ts';

export type ConnectLimits = ReturnType<typeof createConnectLimits>;

/** Creates the limits. Both functions count a connection, and return false if it is above the rate. */
export function createConnectLimits(clock: Clock, log: Log) {
  const counters = createRateCounters(clock);
  const warnRejected = createCountedWarning(
    clock,
    log,
    'Rejected connections above the rate limit.',
  );

  function take(client: string, rate: { perSecond: number; burst: number }): boolean {
    const isAllowed = counters.take(client, rate);
    if (!isAllowed) warnRejected({ client });
    return isAllowed;
  }

  return {
    takeDashboard: (userId: string) => take(`user ${userId}`, DASHBOARD_CONNECT_RATE),
    takeAgent: (tokenId: string) => take(`agent ${tokenId}`, AGENT_CONNECT_RATE),
  };
}

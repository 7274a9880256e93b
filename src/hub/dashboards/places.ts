// The places of dashboards are limited. One account cannot keep another one out of the hub by taking all of them.
import type { DashboardConnection } from '../state/dashboard.ts';

/**
 * Returns the dashboard that gives its place to a user without one, when all places are taken: the latest of the user with the
 * most. Undefined if the user has a place, or all others have only one each.
 */
export function findReplaceable(
  connected: Iterable<DashboardConnection>,
  userId: string,
): DashboardConnection | undefined {
  const byUser = Map.groupBy(connected, (dashboard) => dashboard.userId);
  if (byUser.has(userId)) return undefined;
  const [most = []] = [...byUser.values()].toSorted((a, b) => b.length - a.length);
  return most.length > 1 ? most.at(-1) : undefined;
}

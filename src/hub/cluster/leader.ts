// Work that one of several hubs does for all.
import type { StoredHub } from '../../store/cluster.ts';

/** Whether a hub is the leader: the first one, by name, whose lease has not ended. */
export function isLeader(hubs: readonly StoredHub[], hubId: string): boolean {
  const [first] = hubs
    .filter(({ isAlive }) => isAlive)
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
  return first?.hubId === hubId;
}

// The commands of agents that were removed: the hub that has removed an agent ends them. If it was lost before, or another hub has
// accepted a command meanwhile, the leader does.
import type { Clock } from '../../protocol/clock.ts';
import type { ClusterStore } from '../../store/cluster.ts';
import type { Log } from '../log.ts';
import type { Claims } from './claims.ts';

const CHECK_MS = 10_000;

/**
 * Ends the commands of agents that two checks in succession have found to be removed.
 * @returns how to stop the checks
 */
export function endRemovedAgents(
  { clock, log }: { clock: Clock; log: Log },
  parts: {
    cluster: Pick<ClusterStore, 'listRemovedWithWork'>;
    claims: Pick<Claims, 'endRemoved'>;
    isLeader: () => boolean;
  },
): () => void {
  const { cluster, claims, isLeader } = parts;
  let found = new Set<string>();

  async function check() {
    const removed = isLeader() ? await cluster.listRemovedWithWork() : [];
    const left = removed.filter(({ agentId }) => found.has(agentId));
    found = new Set(removed.map(({ agentId }) => agentId));
    for (const agent of left) await claims.endRemoved(agent);
  }

  return clock.every(CHECK_MS, () => {
    check().catch((error: unknown) => {
      log.warn('Could not end the commands of an agent that was removed.', { error });
    });
  });
}

// Registers this hub among those that share the database.
import { type Clock, wait } from '../../protocol/clock.ts';
import {
  type ClusterStore,
  type HubRegistration,
  isNodeInUse,
  LEASE_MS,
} from '../../store/cluster.ts';
import type { Log } from '../log.ts';

const RETRY_MS = 250;
/** How much longer than a lease the hub waits for the name. */
const MARGIN_MS = 2_000;

/**
 * Registers a hub. After a crash, the lease of its earlier run can last for 10 s, so it waits for the name.
 * @throws with `NODE_IN_USE_CODE` if another hub has the name and renews its lease
 */
export async function registerHub(
  cluster: Pick<ClusterStore, 'register'>,
  hub: HubRegistration,
  { clock, log }: { clock: Clock; log: Log },
): Promise<void> {
  const deadline = clock.monotonic() + LEASE_MS + MARGIN_MS;
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await cluster.register(hub);
    } catch (error) {
      if (!isNodeInUse(error) || clock.monotonic() >= deadline) throw error;
      if (attempts === 0) {
        log.info('Another hub has this name. Waiting for the end of its lease.', {
          node: hub.node,
        });
      }
      await wait(clock, RETRY_MS);
    }
  }
}

// A hub that cannot reach the database while other hubs can: its agents and dashboards connect to them.
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../log.ts';

const CHECK_MS = 5_000;

/**
 * Moves the clients of a hub without a lease as soon as two checks in succession have found that other hubs are ready. While none
 * is, they stay: here, they see at least what happens.
 * @param isSystemReady whether a client that connects now reaches a hub that is ready
 * @returns how to stop the checks
 */
export function watchLease(
  { clock, log }: { clock: Clock; log: Log },
  parts: {
    hasLease: () => boolean;
    isSystemReady: () => Promise<boolean>;
    moveClients: () => void;
  },
): () => void {
  const { hasLease, isSystemReady, moveClients } = parts;
  let wasReady = false;

  async function check() {
    const isReady = !hasLease() && (await isSystemReady());
    // The lease may have been renewed meanwhile.
    if (isReady && wasReady && !hasLease()) {
      log.warn(
        'This hub cannot renew its lease, but other hubs are ready. Its agents and dashboards were disconnected so that they connect to those hubs. Check the connection to the database.',
      );
      moveClients();
    }
    wasReady = isReady;
  }

  return clock.every(CHECK_MS, () => void check());
}

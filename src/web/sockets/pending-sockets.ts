// Sockets that have not sent a valid first message. Their number is limited, because anyone can open one. A new socket is
// never rejected for it: the oldest one is closed instead, because a client that means to connect sends its first message
// at once.
import type { Link } from '../../hub/link.ts';
import { networkOf } from '../../hub/network.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { MAX_PENDING_PER_ADDRESS, MAX_UNAUTHENTICATED_SOCKETS } from '../../protocol/limits.ts';

export type PendingSockets = ReturnType<typeof createPendingSockets>;

/** Creates the set of pending sockets, shared by agents and dashboards. */
export function createPendingSockets() {
  /**
   * The address, or IPv6 network, of each socket, oldest socket first. Those of known peers have none, and are not
   * counted.
   */
  const addresses = new Map<Link, string | null>();
  let isDraining = false;

  function closeOldest(isCandidate: (address: string | null) => boolean, maximum: number) {
    const candidates = [...addresses].filter(([, address]) => isCandidate(address));
    if (candidates.length <= maximum) return;
    const [[oldest] = []] = candidates;
    if (!oldest) return;
    addresses.delete(oldest);
    oldest.close(CloseCode.tryAgainLater, 'limit');
  }

  return {
    /**
     * Adds a socket. Closes the oldest one if there are too many from this address, or in total.
     * @param address null if the peer is known
     */
    add(link: Link, address: string | null) {
      const network = address === null ? null : networkOf(address);
      addresses.set(link, network);
      if (network === null) return;
      closeOldest((other) => other === network, MAX_PENDING_PER_ADDRESS);
      closeOldest((other) => other !== null, MAX_UNAUTHENTICATED_SOCKETS);
    },
    remove: (link: Link) => void addresses.delete(link),
    /** Whether the hub accepts sockets. */
    isOpen: () => !isDraining,
    /** Closes the pending sockets and rejects new ones. */
    drain() {
      isDraining = true;
      for (const link of addresses.keys()) link.close(CloseCode.goingAway, 'shutdown');
    },
  };
}

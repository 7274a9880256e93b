// Sockets that have not sent a valid first message. Their number is limited, because anyone can open one.
import type { Link } from '../../hub/link.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import { MAX_UNAUTHENTICATED_SOCKETS } from '../../protocol/limits.ts';

export type PendingSockets = ReturnType<typeof createPendingSockets>;

/** Creates the set of pending sockets, shared by agents and dashboards. */
export function createPendingSockets() {
  const links = new Set<Link>();
  let isDraining = false;
  return {
    add: (link: Link) => void links.add(link),
    remove: (link: Link) => void links.delete(link),
    /** Whether another socket can be opened. */
    hasRoom: () => !isDraining && links.size < MAX_UNAUTHENTICATED_SOCKETS,
    /** Closes the pending sockets and rejects new ones. */
    drain() {
      isDraining = true;
      for (const link of links) link.close(CloseCode.goingAway, 'shutdown');
    },
  };
}

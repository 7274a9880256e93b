// How many bytes a socket has pending. `getBufferedAmount()` does not include what was published in the current tick, so
// it is read once per tick and later sends are added to it here.
import type { DashboardLink } from '../link.ts';

export function createBackpressure() {
  let pendingBytes = new WeakMap<DashboardLink, number>();
  let isResetScheduled = false;

  function pending(link: DashboardLink): number {
    const known = pendingBytes.get(link);
    if (known !== undefined) return known;
    const bytes = link.bufferedBytes();
    pendingBytes.set(link, bytes);
    if (!isResetScheduled) {
      isResetScheduled = true;
      setImmediate(() => {
        isResetScheduled = false;
        pendingBytes = new WeakMap();
      });
    }
    return bytes;
  }

  return {
    /** Bytes not yet passed to the network. */
    pending,
    /** Adds bytes that are about to be sent or published to a socket. */
    add(link: DashboardLink, bytes: number) {
      pendingBytes.set(link, pending(link) + bytes);
    },
  };
}

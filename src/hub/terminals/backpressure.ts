// How much a socket has before it. The network's own count does not see what was published in this tick,
// so it is taken once at the tick's first look, and what is sent after that is added here.
import type { DashboardLink } from '../link.ts';

export function createFlow() {
  let counted = new WeakMap<DashboardLink, number>();
  let ticking = false;

  function pending(link: DashboardLink): number {
    const known = counted.get(link);
    if (known !== undefined) return known;
    const bytes = link.buffered();
    counted.set(link, bytes);
    if (!ticking) {
      ticking = true;
      setImmediate(() => {
        ticking = false;
        counted = new WeakMap();
      });
    }
    return bytes;
  }

  return {
    /** Bytes that wait for this socket's network. */
    pending,
    /** Counts bytes that are about to be sent or published to it. */
    add(link: DashboardLink, bytes: number) {
      counted.set(link, pending(link) + bytes);
    },
  };
}

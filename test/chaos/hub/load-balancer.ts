// Chooses the hub of each new connection, as a load balancer does: a random one of those that are ready.
import type { Prng } from '../prng.ts';

/** As in docs/scaling.md, "HAProxy". */
const CHECK_MS = 500;
const FAILURES = 2;

/** @param ports those of all hubs */
export function createLoadBalancer(ports: readonly number[], prng: Prng) {
  /** The checks that have failed in a row, by port. */
  const failures = new Map(ports.map((port) => [port, 0]));

  async function check(port: number) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
        signal: AbortSignal.timeout(CHECK_MS),
      });
      await response.body?.cancel();
      failures.set(port, response.ok ? 0 : (failures.get(port) ?? 0) + 1);
    } catch {
      failures.set(port, (failures.get(port) ?? 0) + 1);
    }
  }

  const timer = setInterval(() => {
    for (const port of ports) void check(port);
  }, CHECK_MS);

  return {
    /** @param isUp whether a process listens at all: otherwise, the next hub is tried */
    choose(isUp: (port: number) => boolean): number {
      const up = ports.filter(isUp);
      const ready = up.filter((port) => (failures.get(port) ?? 0) < FAILURES);
      const [any = 0] = ports;
      if (ready.length > 0) return prng.pick(ready);
      return up.length > 0 ? prng.pick(up) : any;
    },
    stop: () => clearInterval(timer),
  };
}

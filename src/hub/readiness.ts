// Whether load balancers should send requests to this hub.
import type { Bus } from '../bus/bus.ts';
import type { StoreHealth } from './store-health.ts';

export type Readiness = ReturnType<typeof createReadiness>;

/** @param bus null if this hub is alone */
export function createReadiness(
  storeHealth: Pick<StoreHealth, 'failure'>,
  bus: Pick<Bus, 'status'> | null,
) {
  let isDraining = false;
  let hasLease = () => true;

  return {
    /** Whether the hub is about to stop. It still works until then. */
    isDraining: () => isDraining,
    /** Makes load balancers choose other hubs. Call it first when the hub is stopped. */
    startDraining() {
      isDraining = true;
    },
    /** @param isHeld whether this hub's lease has not ended, as far as it knows */
    watchLease(isHeld: () => boolean) {
      hasLease = isHeld;
    },
    /** Explains why the hub should receive no requests now; empty if it should. It reads memory only. */
    listProblems(): string[] {
      const failure = storeHealth.failure();
      return [
        ...(isDraining ? ['The hub is shutting down.'] : []),
        ...(failure === null ? [] : [failure]),
        ...(hasLease() ? [] : ['The hub could not renew its lease in time.']),
        ...(bus && !bus.status().isConnected ? ['The hub is not connected to the bus.'] : []),
      ];
    },
  };
}

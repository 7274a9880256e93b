// The hubs that share the database, and what this hub reports about itself. A hub that is alone is in the list, too.
import type { Bus } from '../bus/bus.ts';
import type { HubState, HubSummary } from '../protocol/hubs.ts';
import type { HubRegistration, HubReport, StoredHub } from '../store/cluster.ts';
import type { HubContext } from './context.ts';
import type { Readiness } from './readiness.ts';
import { requirePermission } from './require-permission.ts';
import type { Actor } from './state/dashboard.ts';

export interface HubsParts {
  readiness: Readiness;
  /** Null if this hub is alone. */
  bus: Pick<Bus, 'status'> | null;
  /** Counts the dashboards that are connected to this hub. */
  countDashboards(): number;
  /** The name and the version of this hub. */
  self: Pick<HubRegistration, 'node' | 'version'>;
}

export type Hubs = ReturnType<typeof createHubs>;

export function createHubs({ state, store, clock, storeHealth }: HubContext, parts: HubsParts) {
  const { readiness, bus, self } = parts;
  const startedAt = clock.now();

  function report(): HubReport {
    const connected = [...state.agents.values()].filter(({ connection }) => connection.link);
    return {
      agents: connected.length,
      dashboards: parts.countDashboards(),
      isDraining: readiness.isDraining(),
      busLagMs: bus?.status().lagMs ?? null,
      storeLagMs: storeHealth.lagMs(),
    };
  }

  const describeSelf = (): StoredHub => ({
    ...self,
    ...report(),
    hubId: '',
    startedAt,
    renewedAt: clock.now(),
    isAlive: true,
  });

  function summarize({
    node,
    version,
    startedAt: start,
    renewedAt,
    ...hub
  }: StoredHub): HubSummary {
    const { agents, dashboards, busLagMs, storeLagMs } = hub;
    return {
      node,
      isSelf: node === self.node,
      state: stateOf(hub),
      version,
      agents,
      dashboards,
      busLagMs,
      storeLagMs,
      startedAt: start,
      lastContactAt: renewedAt,
    };
  }

  return {
    /** Whether other hubs can use the same database. */
    isShared: store.cluster !== undefined,
    /** What the hub reports when it renews its lease. */
    report,
    /**
     * Lists the hubs by name.
     * @throws {HubError} forbidden
     */
    async list(actor: Actor): Promise<HubSummary[]> {
      requirePermission(actor, 'hubs:read');
      const hubs = (await store.cluster?.listHubs()) ?? [];
      const isListed = hubs.some(({ node }) => node === self.node);
      const listed = isListed ? hubs : [...hubs, describeSelf()];
      // What this hub last reported is up to 3 s old.
      const latest = listed.map((hub) => (hub.node === self.node ? { ...hub, ...report() } : hub));
      return latest.map(summarize).toSorted((a, b) => (a.node < b.node ? -1 : 1));
    },
  };
}

function stateOf({ isAlive, isDraining }: Pick<StoredHub, 'isAlive' | 'isDraining'>): HubState {
  if (isDraining) return isAlive ? 'draining' : 'stopped';
  return isAlive ? 'alive' : 'no_contact';
}

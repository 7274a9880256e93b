// Injects the faults that only several hubs with one database can have.
import type { HubCluster } from '../hub/hub-cluster.ts';
import type { HubNode } from '../hub/hub-node.ts';
import type { Link, LinkPart } from '../network/link.ts';
import { wait } from '../wait.ts';
import { SLOW_DATABASE_MS } from './cluster-plan.ts';
import type { ClusterFaultKind, Fault } from './kinds.ts';

/** Runs a task while no other fault ends or freezes a hub, or with `key` null, the database. */
type Enqueue = <T>(key: object, task: () => Promise<T>) => Promise<T>;

export type ClusterFault = Fault & { kind: ClusterFaultKind };

/** Returns a function that injects one fault and resolves once it is over. */
export function createClusterInjector(
  cluster: HubCluster,
  enqueue: Enqueue,
  onInjected: (kind: ClusterFaultKind) => void,
) {
  const { nodes, server, nats } = cluster;
  /** The connections of the bus: on NATS all of a link, on PostgreSQL some of those to the database. */
  const busPart: LinkPart = nats ? 'all' : 'bus';

  /** Disturbs one connection of one hub for a while, while nothing else disturbs the same. */
  function disturb({ kind, durationMs }: ClusterFault, link: Link, begin: () => void) {
    return enqueue(link, async () => {
      onInjected(kind);
      begin();
      await wait(durationMs);
      link.clearFaults();
    });
  }

  function cut({ kind }: ClusterFault, link: Link, part: LinkPart) {
    if (link.cut(part) > 0) onInjected(kind);
    return Promise.resolve();
  }

  function freeze({ kind, durationMs }: ClusterFault, hub: HubNode) {
    return enqueue(hub, async () => {
      if (!hub.isUp()) return;
      onInjected(kind);
      hub.freeze();
      await wait(durationMs);
      hub.resume();
    });
  }

  /** Restarts one hub after the other. One that is down is not waited for. */
  async function restartAll({ kind, durationMs }: ClusterFault) {
    onInjected(kind);
    for (const hub of nodes) {
      await enqueue(hub, async () => {
        if (hub.isUp()) await hub.restart();
      });
      await wait(durationMs);
    }
  }

  return function inject(fault: ClusterFault): Promise<void> {
    const { kind, target } = fault;
    const hub = nodes[target % nodes.length];
    if (!hub) throw new Error('There is no hub for this fault.');
    const { database, bus } = hub;
    switch (kind) {
      case 'long-hub-freeze':
        return freeze(fault, hub);
      case 'rolling-restart':
        return restartAll(fault);
      case 'database-cut':
        return cut(fault, database, 'all');
      case 'database-away':
        return disturb(fault, database, database.block);
      case 'database-stall':
        return disturb(fault, database, () => database.stall());
      case 'slow-database':
        return disturb(fault, database, () => database.delay(SLOW_DATABASE_MS / 2));
      case 'bus-cut':
        return cut(fault, bus, busPart);
      case 'bus-stall':
        return disturb(fault, bus, () => bus.stall(busPart));
      case 'slow-bus':
        return disturb(fault, bus, () => bus.delay(fault.amount * 5, busPart));
      case 'listener-cut':
        return cut(fault, database, 'listener');
      case 'listener-stall':
        return disturb(fault, database, () => database.stall('listener'));
      case 'database-restart':
      case 'database-crash':
        onInjected(kind);
        return enqueue(server, () => server.restart(kind === 'database-crash' ? 'crash' : 'stop'));
      case 'nats-restart':
        if (!nats) return Promise.resolve();
        onInjected(kind);
        return enqueue(nats, nats.restart);
      case 'clock-skew':
        // All of the round.
        onInjected(kind);
        return Promise.resolve();
      default:
        kind satisfies never;
        return Promise.resolve();
    }
  };
}

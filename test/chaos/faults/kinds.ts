// The kinds of faults, and which of them a round can have.

/** Faults of hubs as members of a cluster. */
const CLUSTER_PROCESS_FAULTS = ['long-hub-freeze', 'rolling-restart'] as const;
/** Faults between one hub and the database or the bus. */
export const LINK_FAULTS = [
  'database-cut',
  'database-away',
  'database-stall',
  'slow-database',
  'bus-cut',
  'bus-stall',
  'slow-bus',
] as const;
/** Faults that only a bus on PostgreSQL can have. */
export const LISTENER_FAULTS = ['listener-cut', 'listener-stall'] as const;
export const SERVER_FAULTS = ['database-restart', 'database-crash'] as const;
/** Faults that only a bus on NATS can have. */
export const NATS_FAULTS = ['nats-restart'] as const;
const CLUSTER_FAULTS = [
  ...CLUSTER_PROCESS_FAULTS,
  ...LINK_FAULTS,
  ...LISTENER_FAULTS,
  ...SERVER_FAULTS,
  ...NATS_FAULTS,
  'clock-skew',
] as const;
export type ClusterFaultKind = (typeof CLUSTER_FAULTS)[number];

export interface ClusterSetup {
  hubs: number;
  bus: 'pg' | 'nats';
}

/** Faults of the network between the hub and one client. */
export const NETWORK_FAULTS = [
  'reset',
  'reset-mid-frame',
  'delay',
  'fragment',
  'stall',
  'half-open',
  'black-hole',
  'duplicate-frames',
] as const;
const PROCESS_FAULTS = [
  'hub-kill',
  'hub-freeze',
  'hub-restart',
  'store-thread-kill',
  'agent-kill',
  'agent-freeze',
  'agent-restart',
  'journal-loss',
  'slow-reader',
] as const;
/** Faults that only a hub in this process can have. */
const IN_PROCESS_FAULTS = ['clock-jump', 'store-failure'] as const;
/** Sequences of events that random faults rarely produce. */
const SCENARIOS = [
  'stop-at-handover',
  'slow-first-message',
  'run-while-half-open',
  'unsaved-request',
  'kill-after-interrupt',
  'restart-with-late-output',
  'restart-with-pending-approval',
] as const;
export const FAULTS = [
  ...NETWORK_FAULTS,
  ...PROCESS_FAULTS,
  ...IN_PROCESS_FAULTS,
  ...SCENARIOS,
  ...CLUSTER_FAULTS,
] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  kind: FaultKind;
  /** In milliseconds from the start of the round. */
  at: number;
  durationMs: number;
  /** What it affects, as an index modulo the number of possible targets; for a scenario, the index of the proxy. */
  target: number;
  /** The delay in milliseconds, the number of frames to duplicate, or the clock jump in milliseconds. */
  amount: number;
  /** The name of the command of a scenario. */
  command: string | null;
}

export const isClusterFault = (kind: FaultKind): kind is ClusterFaultKind =>
  CLUSTER_FAULTS.some((one) => one === kind);

/** Whether a bus can have this fault. */
function canInject(kind: ClusterFaultKind, { bus }: ClusterSetup): boolean {
  const others: readonly string[] = bus === 'pg' ? NATS_FAULTS : LISTENER_FAULTS;
  return !others.includes(kind);
}

/** Lists the kinds of faults that a long run must inject. @param cluster null for one hub */
export function listFaults(cluster: ClusterSetup | null): FaultKind[] {
  return FAULTS.filter((kind) => {
    if (!cluster) return !isClusterFault(kind);
    if (isClusterFault(kind)) return canInject(kind, cluster);
    return !ONE_HUB_FAULTS.has(kind);
  });
}

/** Faults of a hub in this process, or of the threads of a hub with SQLite. */
const ONE_HUB_FAULTS: ReadonlySet<FaultKind> = new Set([
  ...IN_PROCESS_FAULTS,
  'store-thread-kill',
  'unsaved-request',
] as const);

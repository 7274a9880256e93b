// The faults of a round with several hubs: those of one hub, and those of what lies between them.
import type { Prng } from '../prng.ts';
import {
  type ClusterSetup,
  type Fault,
  type FaultKind,
  LINK_FAULTS,
  LISTENER_FAULTS,
  NATS_FAULTS,
  SERVER_FAULTS,
} from './kinds.ts';

/** Longer than the lease of a hub. */
const LONG_FREEZE_MS: [number, number] = [10_500, 12_500];
const LONGEST_MS = 3_000;
export const SLOW_DATABASE_MS = 200;

/** Plans faults of hubs, servers and the network between them. */
export function planClusterFaults(prng: Prng, { bus }: ClusterSetup, endsAt: number): Fault[] {
  const kinds: FaultKind[] = [
    ...(['hub-kill', 'hub-kill', 'hub-kill', 'hub-freeze', 'hub-restart'] as const),
    ...LINK_FAULTS,
    ...(bus === 'pg' ? LISTENER_FAULTS : NATS_FAULTS),
  ];
  const faults = Array.from({ length: prng.between(2, 6) }, () => {
    const kind = prng.pick(kinds);
    return plan(prng, kind, endsAt, prng.between(20, kind === 'database-cut' ? 100 : LONGEST_MS));
  });
  // These take long, or affect all hubs.
  if (prng.chance(0.12))
    faults.push(plan(prng, 'long-hub-freeze', endsAt, prng.between(...LONG_FREEZE_MS)));
  if (prng.chance(0.15)) faults.push(plan(prng, 'rolling-restart', endsAt, prng.between(0, 500)));
  if (prng.chance(0.15)) {
    faults.push(plan(prng, prng.pick(SERVER_FAULTS), endsAt, 0));
  }
  return faults;
}

function plan(prng: Prng, kind: FaultKind, endsAt: number, durationMs: number): Fault {
  return {
    kind,
    at: prng.between(100, endsAt - 200),
    durationMs,
    target: prng.between(0, 1_000),
    amount: prng.between(5, 80),
    command: null,
  };
}

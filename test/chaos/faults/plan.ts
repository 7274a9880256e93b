// The faults of a round: which, when, and to whom.
import { REQUEST_ID_TTL_MS } from '../../../src/protocol/limits.ts';
import type { Prng } from '../prng.ts';
import { planClusterFaults } from './cluster-plan.ts';
import { type ClusterSetup, type Fault, type FaultKind, NETWORK_FAULTS } from './kinds.ts';

export interface FaultPlanOptions {
  isInProcess: boolean;
  agents: number;
  /** The first agents have an AI program. */
  agentsWithProgram: number;
  dashboards: number;
  endsAt: number;
  /** Null for one hub. */
  cluster: ClusterSetup | null;
}

export function planFaults(prng: Prng, options: FaultPlanOptions): Fault[] {
  const { isInProcess, endsAt, cluster } = options;
  const hubKinds: FaultKind[] = [
    'hub-kill',
    'hub-kill',
    'hub-restart',
    ...(isInProcess
      ? (['clock-jump', 'clock-jump', 'clock-jump'] as const)
      : (['hub-freeze', 'store-thread-kill'] as const)),
  ];
  const kinds: FaultKind[] = [
    ...NETWORK_FAULTS,
    ...NETWORK_FAULTS,
    'black-hole',
    'agent-kill',
    'agent-kill',
    'agent-freeze',
    'agent-restart',
    'journal-loss',
    'slow-reader',
    'slow-reader',
    ...(cluster ? [] : hubKinds),
  ];
  const faults = Array.from({ length: prng.between(8, 16) }, () =>
    planFault(prng, prng.pick(kinds), endsAt),
  );
  const storeFailures = isInProcess ? prng.between(1, 4) : 0;
  for (let count = 0; count < storeFailures; count += 1) {
    faults.push(planFault(prng, 'store-failure', endsAt));
  }
  boundClockJumps(faults);
  if (cluster) faults.push(...planClusterFaults(prng.fork('cluster'), cluster, endsAt));
  return [...faults, ...planScenarios(prng.fork('scenarios'), options)].toSorted(
    (a, b) => a.at - b.at,
  );
}

/** Together, the clock jumps stay within the time in which a repeated request is recognized: after it, a request is new. */
function boundClockJumps(faults: Fault[]): void {
  let leftMs = 0.9 * REQUEST_ID_TTL_MS;
  for (const fault of faults) {
    if (fault.kind !== 'clock-jump' || fault.amount < 0) continue;
    fault.amount = Math.min(fault.amount, leftMs);
    leftMs -= fault.amount;
  }
}

const LONGEST: Partial<Record<FaultKind, number>> = {
  'slow-reader': 1_500,
  'black-hole': 1_200,
  'store-failure': 1_500,
};

function planFault(prng: Prng, kind: FaultKind, endsAt: number): Fault {
  return {
    kind,
    at: prng.between(100, endsAt - 200),
    durationMs: prng.between(20, LONGEST[kind] ?? 700),
    target: prng.between(0, 1_000),
    amount: kind === 'clock-jump' ? pickClockJump(prng) : prng.between(5, 80),
    command: null,
  };
}

/** Picks a jump beyond a timer, a silence, the grace period or a session; sometimes the clock is set back instead. */
function pickClockJump(prng: Prng): number {
  const longest = prng.pick([3_000, 35_000, 70_000, 320_000, 13 * 3_600_000]);
  return prng.chance(0.15) ? -prng.between(100, 60_000) : prng.between(500, longest);
}

/** Each scenario restarts or stops something for a while, so a round has few of them. */
function planScenarios(prng: Prng, options: FaultPlanOptions): Fault[] {
  const { isInProcess, agents, agentsWithProgram, dashboards, endsAt } = options;
  const kinds: FaultKind[] = [];
  const restarts = [
    'kill-after-interrupt',
    'restart-with-late-output',
    'restart-with-pending-approval',
  ] as const;
  if (prng.chance(0.8)) kinds.push(prng.pick(restarts));
  if (prng.chance(0.4)) kinds.push('stop-at-handover');
  // In real time, this takes longer than a round.
  if (prng.chance(isInProcess ? 0.6 : 0.08)) kinds.push('slow-first-message');
  if (prng.fork('run-while-half-open').chance(0.4)) kinds.push('run-while-half-open');
  if (isInProcess && prng.fork('unsaved-request').chance(0.4)) kinds.push('unsaved-request');
  const targets: Partial<Record<FaultKind, [number, number]>> = {
    'restart-with-pending-approval': [0, agentsWithProgram - 1],
    'unsaved-request': [0, agentsWithProgram - 1],
    'slow-first-message': [0, agents + dashboards - 1],
    // The first dashboards receive all output.
    'run-while-half-open': [agents, agents + 1],
  };
  return kinds.map((kind) => {
    const [first, last] = targets[kind] ?? [0, agents - 1];
    return {
      kind,
      // A reconnect would repeat the request, so it is the last fault.
      at: kind === 'unsaved-request' ? endsAt : prng.between(300, 1_500),
      durationMs: prng.between(100, 600),
      target: prng.between(first, last),
      amount: prng.between(0, 1),
      command: kind in NAMES ? NAMES[kind as keyof typeof NAMES] : null,
    };
  });
}

/** The names of the commands of scenarios. */
const NAMES = {
  'run-while-half-open': 'unseen',
  'unsaved-request': 'unsaved',
  'kill-after-interrupt': 'interrupted',
  'restart-with-late-output': 'late',
  'restart-with-pending-approval': 'patient',
} as const;

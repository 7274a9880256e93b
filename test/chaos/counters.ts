// What rounds count, and the summary of a run.
import { FAULTS, type FaultKind } from './faults/kinds.ts';

export interface Counters {
  rounds: number;
  commands: number;
  /** Commands by their final status. */
  statuses: Record<'completed' | 'failed' | 'interrupted' | 'queued' | 'running', number>;
  /** Bytes of output compared with what commands wrote, per dashboard and terminal. */
  bytes: number;
  gaps: Record<'buffer_overflow' | 'agent_overflow' | 'expired', number>;
  interrupts: number;
  approvals: number;
  /** Requests that were sent again after they had been accepted. */
  repeats: number;
  reconnects: number;
  /** Pairs of commands whose order was checked. */
  orderedPairs: number;
  faults: Record<FaultKind, number>;
}

export function createCounters(): Counters {
  return {
    rounds: 0,
    commands: 0,
    statuses: { completed: 0, failed: 0, interrupted: 0, queued: 0, running: 0 },
    bytes: 0,
    gaps: { buffer_overflow: 0, agent_overflow: 0, expired: 0 },
    interrupts: 0,
    approvals: 0,
    repeats: 0,
    reconnects: 0,
    orderedPairs: 0,
    faults: Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>,
  };
}

/** Adds every counter of `more` to `sum`. */
export function addCounters(sum: Counters, more: Counters): void {
  sum.rounds += more.rounds;
  sum.commands += more.commands;
  sum.bytes += more.bytes;
  sum.interrupts += more.interrupts;
  sum.approvals += more.approvals;
  sum.repeats += more.repeats;
  sum.reconnects += more.reconnects;
  sum.orderedPairs += more.orderedPairs;
  addEach(sum.statuses, more.statuses);
  addEach(sum.gaps, more.gaps);
  addEach(sum.faults, more.faults);
}

/** Adds every count of `more` to the same key of `sum`. */
export function addEach<K extends string>(sum: Record<K, number>, more: Record<K, number>) {
  for (const key of Object.keys(sum) as K[]) sum[key] += more[key];
}

/** Formats the summary of a run, one line for each counter. */
export function formatSummary(counters: Counters, violations: number): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    `rounds      ${counters.rounds}`,
    `commands    ${counters.commands} (${list(counters.statuses)})`,
    `bytes       ${counters.bytes}`,
    `gaps        ${list(counters.gaps)}`,
    `interrupts  ${counters.interrupts}`,
    `approvals   ${counters.approvals}`,
    `repeats     ${counters.repeats}`,
    `reconnects  ${counters.reconnects}`,
    `order       ${counters.orderedPairs} pairs`,
    `faults      ${list(counters.faults)}`,
    `violations  ${violations}`,
  ].join('\n');
}

// What rounds count, and how the counts of many become the summary of a run.
import { FAULTS, type FaultKind } from './plan.ts';

export interface Tally {
  rounds: number;
  commands: number;
  /** Commands by how they ended. */
  ends: Record<'completed' | 'failed' | 'interrupted' | 'queued' | 'running', number>;
  /** Bytes of output compared with what was written, once for each terminal of each dashboard. */
  bytes: number;
  gaps: Record<'buffer_overflow' | 'agent_overflow' | 'expired', number>;
  interrupts: number;
  /** Requests sent again after they were accepted. */
  repeats: number;
  reconnects: number;
  /** Pairs of commands whose order could be judged. */
  pairs: number;
  faults: Record<FaultKind, number>;
}

export function emptyTally(): Tally {
  return {
    rounds: 0,
    commands: 0,
    ends: { completed: 0, failed: 0, interrupted: 0, queued: 0, running: 0 },
    bytes: 0,
    gaps: { buffer_overflow: 0, agent_overflow: 0, expired: 0 },
    interrupts: 0,
    repeats: 0,
    reconnects: 0,
    pairs: 0,
    faults: Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as Record<FaultKind, number>,
  };
}

/** Adds every count of one tally to another. */
export function addTally(sum: Tally, more: Tally): void {
  sum.rounds += more.rounds;
  sum.commands += more.commands;
  sum.bytes += more.bytes;
  sum.interrupts += more.interrupts;
  sum.repeats += more.repeats;
  sum.reconnects += more.reconnects;
  sum.pairs += more.pairs;
  addCounts(sum.ends, more.ends);
  addCounts(sum.gaps, more.gaps);
  addCounts(sum.faults, more.faults);
}

function addCounts<K extends string>(sum: Record<K, number>, more: Record<K, number>) {
  for (const key of Object.keys(sum) as K[]) sum[key] += more[key];
}

/** The summary, a line for each kind of count. */
export function tell(tally: Tally, violations: number): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    `rounds      ${tally.rounds}`,
    `commands    ${tally.commands} (${list(tally.ends)})`,
    `bytes       ${tally.bytes}`,
    `gaps        ${list(tally.gaps)}`,
    `interrupts  ${tally.interrupts}`,
    `repeats     ${tally.repeats}`,
    `reconnects  ${tally.reconnects}`,
    `order       ${tally.pairs} pairs`,
    `faults      ${list(tally.faults)}`,
    `violations  ${violations}`,
  ].join('\n');
}

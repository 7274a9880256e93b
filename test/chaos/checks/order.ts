// Checks the order in which commands start: by priority (high, normal, low), and first come, first served within one.
import type { Priority } from '../../../src/protocol/command-status.ts';
import { type History, type PlannedCommand, startsByAgent } from '../history.ts';

const RANKS: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

export interface OrderResult {
  violations: string[];
  /** The number of pairs of commands whose order could be checked. */
  pairs: number;
}

/**
 * How long it takes until the hub that owns an agent knows of a command that another hub has accepted, if messages are lost.
 * Commands that were requested within this time can start in any order within their priority.
 */
const NEWS_MS = 3_000;

/**
 * A command is sent to its agent after the previous command has started. Every command accepted by then was in the
 * queue at the same time, so it must not start later if it should come first.
 */
export function checkOrder(history: History): OrderResult {
  const violations: string[] = [];
  let pairs = 0;
  const acceptedAt = new Map<string, number>();
  for (const { accepted } of history.records) {
    for (const { commandId, at } of accepted) {
      acceptedAt.set(commandId, Math.min(at, acceptedAt.get(commandId) ?? Infinity));
    }
  }
  const newsMs = history.plan.clockSkews.length > 1 ? NEWS_MS + longestFault(history) : 0;
  for (const [, starts] of startsByAgent(history)) {
    for (const [index, started] of starts.entries()) {
      const previous = starts[index - 1];
      if (!previous) continue;
      for (const later of starts.slice(index + 1)) {
        if ((acceptedAt.get(later.row.id) ?? Infinity) + newsMs >= previous.at) continue;
        pairs += 1;
        const isFirst =
          newsMs === 0
            ? later.row.id < started.row.id
            : (acceptedAt.get(later.row.id) ?? Infinity) + newsMs < started.row.requestedAt;
        if (comesBefore(later, started, isFirst && !history.hasClockSkew)) {
          violations.push(
            `${started.spec.name} (${format(started)}) was started before ${later.spec.name} (${format(later)})`,
          );
        }
      }
    }
  }
  return { violations, pairs };
}

/** A hub that is frozen or cut off learns nothing until that is over. */
const longestFault = ({ plan }: History): number =>
  Math.max(0, ...plan.faults.map(({ durationMs }) => durationMs));

/** @param isFirst whether the first one was requested first */
function comesBefore(a: PlannedCommand, b: PlannedCommand, isFirst: boolean): boolean {
  const difference = RANKS[a.row.priority] - RANKS[b.row.priority];
  return difference === 0 ? isFirst : difference < 0;
}

function format({ row }: PlannedCommand): string {
  return `${row.priority} ${row.id}`;
}

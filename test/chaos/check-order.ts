// The order in which commands were started: high, normal, low, and first come first served within.
import type { Priority } from '../../src/protocol/command-status.ts';
import type { History, Known } from './history.ts';

const ranks: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

export interface OrderVerdict {
  flaws: string[];
  /** Pairs whose order could be judged. */
  pairs: number;
}

/**
 * A command that began is handed out after the one before it began. Whatever had been accepted by then was in the
 * queue with it: if that began later, it must not have had the right of way.
 */
export function checkOrder({ records, known, starts }: History): OrderVerdict {
  const flaws: string[] = [];
  let pairs = 0;
  const byName = new Map([...known.values()].map((one) => [one.spec.name, one]));
  const acceptedAt = new Map<string, number>();
  for (const { accepted } of records) {
    for (const { commandId, at } of accepted) {
      acceptedAt.set(commandId, Math.min(at, acceptedAt.get(commandId) ?? Infinity));
    }
  }
  const begun = starts.flatMap(({ name, at }) => {
    const one = byName.get(name);
    return one ? [{ ...one, at }] : [];
  });
  for (const [, marks] of Map.groupBy(begun, ({ row }) => row.agentId)) {
    const inOrder = marks.toSorted((a, b) => a.at - b.at);
    for (const [index, chosen] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (!before) continue;
      for (const later of inOrder.slice(index + 1)) {
        if ((acceptedAt.get(later.row.id) ?? Infinity) >= before.at) continue;
        pairs += 1;
        if (hadRightOfWay(later, chosen)) {
          flaws.push(
            `${chosen.spec.name} was started before ${later.spec.name}: ${told(chosen)}, ${told(later)}`,
          );
        }
      }
    }
  }
  return { flaws, pairs };
}

function hadRightOfWay(one: Known, other: Known): boolean {
  const difference = ranks[one.row.priority] - ranks[other.row.priority];
  return difference < 0 || (difference === 0 && one.row.id < other.row.id);
}

function told({ row }: Known): string {
  return `${row.priority} ${row.id}`;
}

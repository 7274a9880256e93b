// Computes the usage of one turn from what a program reports about the whole conversation.
import type { UsageUpdate } from '@agentclientprotocol/sdk';
import { Value } from '@sinclair/typebox/value';
import { Cost, Usage } from '../../protocol/report.ts';

/**
 * Returns the usage of a turn, with its cost if it can be computed; null if the program's numbers are invalid.
 * @param costBefore the cost of the conversation before the turn; null if it is unknown
 */
export function turnUsage(
  { used, size, cost }: UsageUpdate,
  costBefore: number | null,
): Usage | null {
  // A restarted program counts from 0 again.
  const before = cost && costBefore !== null && cost.amount >= costBefore ? costBefore : 0;
  const turnCost = cost &&
    costBefore !== null && { amount: cost.amount - before, currency: cost.currency };
  const usage = { used, size, ...(Value.Check(Cost, turnCost) && { cost: turnCost }) };
  return Value.Check(Usage, usage) ? usage : null;
}

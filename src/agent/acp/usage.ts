// What one turn took of the model, from what its program tells of the whole conversation.
import type { UsageUpdate } from '@agentclientprotocol/sdk';
import { Value } from '@sinclair/typebox/value';
import { Cost, Usage } from '../../protocol/report.ts';

/**
 * A program tells what the whole conversation has cost; a turn is told what it cost itself, or nothing. Null where the
 * program tells what makes no sense.
 * @param spent what the conversation had cost before the turn; null where nobody knows
 */
export function turnUsage({ used, size, cost }: UsageUpdate, spent: number | null): Usage | null {
  // One that was started again counts from nothing.
  const before = cost && spent !== null && cost.amount >= spent ? spent : 0;
  const mine = cost && spent !== null && { amount: cost.amount - before, currency: cost.currency };
  const usage = { used, size, ...(Value.Check(Cost, mine) && { cost: mine }) };
  return Value.Check(Usage, usage) ? usage : null;
}

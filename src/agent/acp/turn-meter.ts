// Measures the usage of a turn.
import type { UsageUpdate } from '@agentclientprotocol/sdk';
import type { CommandReport } from '../../protocol/report.ts';
import { turnUsage } from './usage.ts';

export function createTurnMeter() {
  let usage: UsageUpdate | null = null;

  return {
    recordUsage(update: UsageUpdate): void {
      usage = update;
    },

    /**
     * The usage of the turn, if it is known.
     * @param costBefore the cost of the conversation before the turn; null if it is unknown
     */
    report(costBefore: number | null): CommandReport {
      const ownUsage = usage && turnUsage(usage, costBefore);
      return ownUsage ? { usage: ownUsage } : {};
    },
  };
}

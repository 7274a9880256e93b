// Measures a turn: its usage, and what it changes in the agent's folder.
import type { UsageUpdate } from '@agentclientprotocol/sdk';
import type { CommandReport } from '../../protocol/report.ts';
import { takeSnapshot } from '../changes/folder-snapshot.ts';
import { turnUsage } from './usage.ts';

/** @param scratch a folder for short-lived files */
export function startTurnMeter(cwd: string, scratch: string) {
  const snapshot = takeSnapshot(cwd, scratch);
  let usage: UsageUpdate | null = null;

  return {
    /** Resolves, never rejects, when the folder's state before the turn has been recorded. */
    ready: snapshot,

    recordUsage(update: UsageUpdate): void {
      usage = update;
    },

    /**
     * The report of the turn, with the parts that can be measured.
     * @param costBefore the cost of the conversation before the turn; null if it is unknown
     * @param timeoutMs the time limit for measuring changes
     */
    async report(costBefore: number | null, timeoutMs?: number): Promise<CommandReport> {
      const changes = await (await snapshot)?.changes(timeoutMs);
      const ownUsage = usage && turnUsage(usage, costBefore);
      return { ...(ownUsage && { usage: ownUsage }), ...(changes && { changes }) };
    },

    /** Deletes the snapshot. */
    discard: () => void snapshot.then((taken) => taken?.discard()),
  };
}

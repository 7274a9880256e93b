// Pauses the timeout of a command while it is waiting for approval (docs/protocol.md, "Approvals").
import type { StoredApproval } from '../store/store.ts';
import type { HubContext } from './context.ts';
import type { Presence } from './presence.ts';
import type { Execution } from './state/execution.ts';
import { findExecution } from './state/server-state.ts';

export function createApprovalWait({ state, clock }: HubContext, presence: Presence) {
  /** The commands that are waiting. */
  const waiting = new Set<string>();

  return {
    /** Pauses or resumes a command's timeout, and publishes that its agent is waiting, or no longer. */
    update(commandId: string, isWaiting: boolean) {
      if (isWaiting === waiting.has(commandId)) return;
      if (isWaiting) waiting.add(commandId);
      else waiting.delete(commandId);
      const execution = findExecution(state, commandId);
      if (!execution) return;
      if (isWaiting) execution.timeout.pause();
      else execution.timeout.resume();
      const agent = state.agents.get(execution.agentId);
      if (agent) presence.publishUpdate(agent);
    },
    /** Forgets a command that another hub owns now. */
    forget: (commandId: string) => void waiting.delete(commandId),
    /** Restores the timeout of a command from its requests, oldest first. */
    restore({ id, timeout }: Execution, approvals: readonly StoredApproval[]) {
      let waitedMs = 0;
      let waitedUntil = 0;
      let pendingSince: number | null = null;
      for (const { requestedAt, resolvedAt } of approvals) {
        // Overlapping waits count once.
        const since = Math.max(requestedAt, waitedUntil);
        if (resolvedAt === null) pendingSince ??= since;
        else if (resolvedAt > since) {
          waitedMs += resolvedAt - since;
          waitedUntil = resolvedAt;
        }
      }
      timeout.addPausedTime(waitedMs);
      if (pendingSince === null) return;
      waiting.add(id);
      timeout.pause(Math.max(0, clock.now() - pendingSince));
    },
  };
}

// Approval requests: an agent asks before it acts. A request is stored before it is published, the first response wins,
// and the hub resends the response until the agent confirms it (docs/protocol.md, "Approvals").
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import { HubError } from '../protocol/errors.ts';
import { MAX_PENDING_APPROVALS } from '../protocol/limits.ts';
import type { StoredApproval } from '../store/store.ts';
import type { Broadcast } from './broadcast.ts';
import type { HubContext } from './context.ts';
import { sendToAgent } from './link.ts';
import type { Presence } from './presence.ts';
import { requirePermission } from './require-permission.ts';
import type { AgentConnection } from './state/agent.ts';
import { createApproval, toRequest } from './state/approval.ts';
import type { Actor } from './state/dashboard.ts';
import type { Execution } from './state/execution.ts';
import { findExecution, listExecutions } from './state/server-state.ts';

export type Approvals = ReturnType<typeof createApprovals>;

export function createApprovals(
  { state, store, clock, storeHealth, log }: HubContext,
  broadcast: Broadcast,
  presence: Presence,
) {
  /** Pending requests, and resolved ones that the agent has not confirmed. */
  const unsettled = new Map<string, StoredApproval>();
  /** Requests that are not stored yet. They are not published. */
  const unsaved = new Set<StoredApproval>();
  /** The IDs of requests whose response is not stored yet. It is not sent, because storing it can fail. */
  const saving = new Set<string>();

  function pendingOf(commandId: string): StoredApproval[] {
    return [...unsettled.values()].filter(
      (approval) => approval.commandId === commandId && approval.outcome === null,
    );
  }

  /** Pauses a command's timeout while it has pending requests. */
  function updateTimeout(commandId: string) {
    const execution = findExecution(state, commandId);
    if (!execution) return;
    if (pendingOf(commandId).length > 0) execution.timeout.pause();
    else execution.timeout.resume();
    const agent = state.agents.get(execution.agentId);
    if (agent) presence.publishUpdate(agent);
  }

  /** Sends a resolution to the agent. An offline agent receives it after it reconnects. */
  function sendResolution({ agentId, approvalId, outcome, optionId }: StoredApproval) {
    const link = state.agents.get(agentId)?.connection.link;
    if (!link || outcome === null || saving.has(approvalId)) return;
    sendToAgent(link, {
      type: 'approval:resolved',
      approvalId,
      outcome,
      ...(optionId !== null && { optionId }),
    });
  }

  /** Resends the resolution of a repeated request, unless the request belongs to another agent. */
  function repeat({ agentId }: AgentConnection, approval: StoredApproval) {
    if (approval.agentId === agentId) return sendResolution(approval);
    log.warn('An agent repeated the approval request of another agent.', {
      agentId,
      approvalId: approval.approvalId,
    });
  }

  const countPending = (agentId: string) =>
    unsettled
      .values()
      .filter((approval) => approval.agentId === agentId && approval.outcome === null)
      .reduce((count) => count + 1, 0);

  /** Cancels a request that the hub does not accept, because its agent has too many. */
  function reject({ agentId, connection }: AgentConnection, approvalId: string) {
    log.warn('Too many pending approval requests: cancelled another one.', { agentId });
    if (!connection.link) return;
    sendToAgent(connection.link, { type: 'approval:resolved', approvalId, outcome: 'cancelled' });
  }

  /** Handles the resolution of a request. */
  function finishRequest(approval: StoredApproval) {
    sendResolution(approval);
    if (pendingOf(approval.commandId).length === 0) updateTimeout(approval.commandId);
  }

  /** Publishes a committed resolution. */
  function publishResolution(approval: StoredApproval) {
    const { approvalId, outcome, optionId, resolvedBy } = approval;
    broadcast.toDashboards({
      type: 'approval:resolved',
      approvalId,
      outcome: outcome ?? 'cancelled',
      ...(optionId !== null && { optionId }),
      ...(resolvedBy !== null && { resolvedBy }),
    });
    finishRequest(approval);
  }

  /** Cancels a pending request. It no longer accepts responses. */
  async function cancel(approval: StoredApproval) {
    const changes = { outcome: 'cancelled' as const, resolvedAt: clock.now() };
    Object.assign(approval, changes);
    // It was not published, and is finished once it is known whether it is stored.
    if (unsaved.has(approval)) return updateTimeout(approval.commandId);
    await storeHealth.retry(() => store.approvals.update(approval.approvalId, changes));
    publishResolution(approval);
  }

  function cancelPending(commandId: string): Promise<void[]> {
    return Promise.all(pendingOf(commandId).map(cancel));
  }

  return {
    /** Restores the requests of a command, and pauses its timeout if one is pending. */
    async restore({ id, timeout }: Execution) {
      let waitedMs = 0;
      let waitedUntil = 0;
      let pendingSince: number | null = null;
      for (const approval of await store.approvals.listByCommand(id)) {
        if (approval.outcome === null || approval.appliedAt === null) {
          unsettled.set(approval.approvalId, approval);
        }
        const { requestedAt, resolvedAt } = approval;
        // Overlapping waits count once.
        const since = Math.max(requestedAt, waitedUntil);
        if (resolvedAt === null) pendingSince ??= since;
        else if (resolvedAt > since) {
          waitedMs += resolvedAt - since;
          waitedUntil = resolvedAt;
        }
      }
      timeout.addPausedTime(waitedMs);
      if (pendingSince !== null) timeout.pause(Math.max(0, clock.now() - pendingSince));
    },
    /** Cancels the pending requests of commands that ended while the hub was down. */
    async cancelOrphaned() {
      const active = listExecutions(state).map(({ id }) => id);
      await store.approvals.cancelPendingExcept(active, clock.now());
    },
    /** Pending requests, oldest first. */
    listPending: () =>
      [...unsettled.values()].filter(
        (approval) => approval.outcome === null && !unsaved.has(approval),
      ),
    /** All requests of a command with their resolutions, oldest first. */
    listByCommand: (commandId: string) => store.approvals.listByCommand(commandId),

    /** Handles an agent's request. If it repeats an earlier request, the resolution of that request is resent. */
    async request(agent: AgentConnection, message: AgentApprovalRequest): Promise<void> {
      const { approvalId, commandId } = message;
      const known = unsettled.get(approvalId);
      if (known) return repeat(agent, known);
      if (countPending(agent.agentId) >= MAX_PENDING_APPROVALS) return reject(agent, approvalId);
      const approval = createApproval(agent.agentId, message, clock.now());
      unsettled.set(approvalId, approval);
      unsaved.add(approval);
      updateTimeout(commandId);
      let settled: StoredApproval | undefined;
      let isStored = false;
      await storeHealth.retry(
        async () => {
          settled = await store.approvals.find(approvalId);
          if (settled) return;
          await store.approvals.insert(approval);
          isStored = true;
        },
        () => approval.outcome !== null,
      );
      unsaved.delete(approval);
      if (settled) {
        unsettled.delete(approvalId);
        updateTimeout(commandId);
        return repeat(agent, settled);
      }
      if (approval.outcome === null) return broadcast.toDashboards(toRequest(approval));
      // It was cancelled in the meantime.
      if (isStored) return cancel(approval);
      unsettled.delete(approvalId);
      finishRequest(approval);
    },

    /**
     * Responds to a request. The first response wins.
     * @throws {HubError} forbidden, approval_unknown, invalid_message, unavailable
     */
    async respond(actor: Actor, approvalId: string, optionId: string): Promise<void> {
      requirePermission(actor, 'approvals:respond');
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome !== null) {
        const message = approval?.resolvedBy
          ? `${approval.resolvedBy} has already responded.`
          : 'This approval request is no longer pending.';
        throw new HubError('approval_unknown', message);
      }
      if (!approval.options.some((option) => option.optionId === optionId)) {
        throw new HubError('invalid_message', 'That option is not available.');
      }
      const changes = {
        outcome: 'selected' as const,
        optionId,
        resolvedBy: actor.userId,
        resolvedAt: clock.now(),
      };
      Object.assign(approval, changes);
      saving.add(approvalId);
      try {
        await store.approvals.update(approvalId, changes);
      } catch (error) {
        storeHealth.reportFailure(error);
        Object.assign(approval, {
          outcome: null,
          optionId: null,
          resolvedBy: null,
          resolvedAt: null,
        });
        // The command may have ended in the meantime.
        if (!unsettled.has(approvalId)) {
          cancel(approval).catch((cause: unknown) => {
            log.error('Could not cancel an approval request.', { approvalId, error: cause });
          });
        }
        throw new HubError('unavailable', 'Could not save the response. Try again.');
      } finally {
        saving.delete(approvalId);
      }
      publishResolution(approval);
    },

    /** Records that the AI program has received the response. */
    async confirm(agent: AgentConnection, approvalId: string): Promise<void> {
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome === null || approval.agentId !== agent.agentId) return;
      const { commandId } = approval;
      unsettled.delete(approvalId);
      await storeHealth.retry(() => store.approvals.update(approvalId, { appliedAt: clock.now() }));
      broadcast.toDashboards({ type: 'approval:applied', approvalId, commandId });
    },

    /** Cancels the pending requests of a command that is being stopped. */
    cancelPending,
    /** Cancels the pending requests of a command that has ended, and removes the others from memory. */
    async close(commandId: string) {
      const cancelled = cancelPending(commandId);
      for (const approval of unsettled.values()) {
        if (approval.commandId === commandId) unsettled.delete(approval.approvalId);
      }
      await cancelled;
    },

    /** Resends the resolutions that a reconnected agent has not confirmed. */
    resendResolutions(agent: AgentConnection) {
      for (const approval of unsettled.values()) {
        if (approval.agentId === agent.agentId) sendResolution(approval);
      }
    },
  };
}

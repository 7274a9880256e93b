// Approval requests: an agent asks before it acts. A request is stored before anyone sees it, the first response wins,
// and the agent is sent the response until it confirms it (docs/protocol.md, "Approvals").
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import { hasRole } from '../protocol/entities.ts';
import { HubError } from '../protocol/errors.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../protocol/message.ts';
import type { StoredApproval } from '../store/store.ts';
import type { Broadcast } from './broadcast.ts';
import type { HubContext } from './context.ts';
import { sendToAgent } from './link.ts';
import type { Presence } from './presence.ts';
import type { AgentConnection } from './state/agent.ts';
import type { Actor } from './state/dashboard.ts';
import { findExecution } from './state/server-state.ts';

export type Approvals = ReturnType<typeof createApprovals>;

type Resolution = Pick<StoredApproval, 'outcome' | 'optionId' | 'resolvedBy'>;

export function createApprovals(
  { state, store, clock, storeHealth, log }: HubContext,
  broadcast: Broadcast,
  presence: Presence,
) {
  /** Pending requests, and resolved ones that the agent has not confirmed. */
  const unsettled = new Map<string, StoredApproval>();

  function pendingOf(commandId: string): StoredApproval[] {
    return [...unsettled.values()].filter(
      (approval) => approval.commandId === commandId && approval.outcome === null,
    );
  }

  /** Holds a command's timeout while it has pending requests. */
  function updateTimeout(commandId: string) {
    const execution = findExecution(state, commandId);
    if (!execution) return;
    if (pendingOf(commandId).length > 0) execution.timeout.hold();
    else execution.timeout.release();
    const agent = state.agents.get(execution.agentId);
    if (agent) presence.publishUpdate(agent);
  }

  /** Sends a resolution to the agent. If it is offline, it gets it when it reconnects. */
  function sendResolution({ agentId, approvalId, outcome, optionId }: StoredApproval) {
    const link = state.agents.get(agentId)?.connection.link;
    if (!link || outcome === null) return;
    sendToAgent(link, {
      type: 'approval:resolved',
      approvalId,
      outcome,
      ...(optionId !== null && { optionId }),
    });
  }

  /** Commits a resolution, then publishes it. */
  async function resolve(approval: StoredApproval, resolution: Resolution) {
    const pending = { outcome: null, optionId: null, resolvedBy: null, resolvedAt: null };
    const changes = { ...resolution, resolvedAt: clock.now() };
    Object.assign(approval, changes);
    try {
      await store.approvals.update(approval.approvalId, changes);
    } catch (error) {
      Object.assign(approval, pending);
      storeHealth.reportFailure(error);
      throw new HubError('unavailable', 'Could not save the response. Try again.');
    }
    const { approvalId, outcome, optionId, resolvedBy, commandId } = approval;
    broadcast.toDashboards({
      type: 'approval:resolved',
      approvalId,
      outcome: outcome ?? 'cancelled',
      ...(optionId !== null && { optionId }),
      ...(resolvedBy !== null && { resolvedBy }),
    });
    sendResolution(approval);
    if (pendingOf(commandId).length === 0) updateTimeout(commandId);
  }

  return {
    /** Restores the unsettled requests of commands that have not ended. */
    async restore() {
      for (const approval of await store.approvals.listUnsettled()) {
        if (!findExecution(state, approval.commandId)) continue;
        unsettled.set(approval.approvalId, approval);
        if (approval.outcome === null) updateTimeout(approval.commandId);
      }
    },
    /** How long a command has waited for resolved requests, in milliseconds. Overlapping waits count once. */
    async waitedMs(commandId: string): Promise<number> {
      let total = 0;
      let until = 0;
      for (const { requestedAt, resolvedAt } of await store.approvals.listByCommand(commandId)) {
        if (resolvedAt === null || resolvedAt <= until) continue;
        total += resolvedAt - Math.max(requestedAt, until);
        until = resolvedAt;
      }
      return total;
    },
    /** Pending requests, oldest first. */
    listPending: () => [...unsettled.values()].filter(({ outcome }) => outcome === null),
    /** All requests of a command with their resolutions, oldest first. */
    listByCommand: (commandId: string) => store.approvals.listByCommand(commandId),

    /** Handles an agent's request. For a request it repeats, the resolution is sent again if there is one. */
    async request(agent: AgentConnection, message: AgentApprovalRequest): Promise<void> {
      const known = unsettled.get(message.approvalId);
      if (known) return sendResolution(known);
      const isFirst = pendingOf(message.commandId).length === 0;
      const approval: StoredApproval = {
        approvalId: message.approvalId,
        commandId: message.commandId,
        agentId: agent.agentId,
        title: message.title,
        detail: message.detail ?? null,
        options: message.options,
        requestedAt: clock.now(),
        outcome: null,
        optionId: null,
        resolvedBy: null,
        resolvedAt: null,
        appliedAt: null,
      };
      unsettled.set(approval.approvalId, approval);
      try {
        await store.approvals.insert(approval);
      } catch (error) {
        // The agent repeats the request after the next welcome.
        unsettled.delete(approval.approvalId);
        return storeHealth.reportFailure(error);
      }
      if (isFirst) updateTimeout(approval.commandId);
      broadcast.toDashboards(toRequest(approval));
    },

    /**
     * Responds to a request. The first response wins.
     * @throws {HubError} forbidden, approval_unknown, invalid_message, unavailable
     */
    async respond(actor: Actor, approvalId: string, optionId: string): Promise<void> {
      if (!hasRole(actor.role, 'operator')) {
        throw new HubError('forbidden', 'Viewers cannot respond to approval requests.');
      }
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
      await resolve(approval, { outcome: 'selected', optionId, resolvedBy: actor.userId });
    },

    /** Records that the AI program has received the response. */
    async confirm(approvalId: string): Promise<void> {
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome === null) return;
      try {
        await store.approvals.update(approvalId, { appliedAt: clock.now() });
        unsettled.delete(approvalId);
        const { commandId } = approval;
        broadcast.toDashboards({ type: 'approval:applied', approvalId, commandId });
      } catch (error) {
        storeHealth.reportFailure(error);
      }
    },

    /** Cancels the pending requests of a command that was told to stop or has ended. */
    cancel(commandId: string) {
      for (const approval of pendingOf(commandId)) {
        resolve(approval, { outcome: 'cancelled', optionId: null, resolvedBy: null }).catch(
          (error: unknown) => log.warn('Could not cancel an approval request.', { error }),
        );
      }
    },

    /** Sends the resolutions again that a reconnected agent has not confirmed. */
    resendResolutions(agent: AgentConnection) {
      for (const approval of unsettled.values()) {
        if (approval.agentId === agent.agentId) sendResolution(approval);
      }
    },
  };
}

/** The `approval:request` message for dashboards. */
export function toRequest(
  approval: StoredApproval,
): Extract<Unversioned<HubToDashboard>, { type: 'approval:request' }> {
  const { approvalId, commandId, agentId, title, detail, options, requestedAt } = approval;
  return {
    type: 'approval:request',
    approvalId,
    commandId,
    agentId,
    title,
    ...(detail !== null && { detail }),
    options,
    requestedAt,
  };
}

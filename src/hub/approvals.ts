// Approval requests: an agent asks before it acts. A request is stored before it is published, the first response wins,
// and the hub resends the response until the agent confirms it (docs/protocol.md, "Approvals").
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import { HubError } from '../protocol/errors.ts';
import { MAX_PENDING_APPROVALS } from '../protocol/limits.ts';
import type { ApprovalQuery, StoredApproval } from '../store/store.ts';
import { createApprovalWait } from './approval-wait.ts';
import type { Broadcast } from './broadcast.ts';
import type { HubContext } from './context.ts';
import { createCountedWarning } from './counted-warning.ts';
import { maySee } from './grants.ts';
import { sendToAgent } from './link.ts';
import type { Presence } from './presence.ts';
import { requirePermission } from './require-permission.ts';
import type { AgentConnection } from './state/agent.ts';
import { createApproval, toRequest, toResolution } from './state/approval.ts';
import type { Actor } from './state/dashboard.ts';
import type { Execution } from './state/execution.ts';
import { findExecution, listExecutions } from './state/server-state.ts';
import { createUnsettledApprovals, PENDING } from './state/unsettled-approvals.ts';

export type Approvals = ReturnType<typeof createApprovals>;

export function createApprovals(context: HubContext, broadcast: Broadcast, presence: Presence) {
  const { state, store, clock, storeHealth, audit, log } = context;
  const warnRepeated = createCountedWarning(
    clock,
    log,
    'An agent repeated the approval request of another agent.',
  );
  const warnRejected = createCountedWarning(
    clock,
    log,
    'Too many pending approval requests: cancelled another one.',
  );
  const wait = createApprovalWait(context, presence);
  const unsettled = createUnsettledApprovals();
  /** Requests that are not stored yet. They are not published. */
  const unsaved = new Set<StoredApproval>();
  /** Requests whose resolution is not stored yet. It is not sent, because storing it can fail. */
  const saving = new Set<StoredApproval>();

  /** Whether the command is ending, which cancels its requests: a response could only be stored after that. */
  const isEnding = ({ commandId }: StoredApproval) =>
    (findExecution(state, commandId)?.completion ?? null) !== null;

  const isPublished = (approval: StoredApproval) =>
    approval.outcome === null && !unsaved.has(approval);

  /** Pauses a command's timeout while it has pending requests. */
  const updateWait = (commandId: string) =>
    wait.update(commandId, unsettled.countPendingOfCommand(commandId) > 0);

  /** Sends a resolution to the agent. An offline agent receives it after it reconnects. */
  function sendResolution(approval: StoredApproval) {
    const { agentId, approvalId, outcome, optionId } = approval;
    const link = state.agents.get(agentId)?.connection.link;
    if (!link || outcome === null || saving.has(approval)) return;
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
    warnRepeated({ agentId, approvalId: approval.approvalId });
  }

  /** Cancels a request that the hub does not accept, because its agent has too many. */
  function reject({ agentId, connection }: AgentConnection, approvalId: string) {
    warnRejected({ agentId });
    if (!connection.link) return;
    sendToAgent(connection.link, { type: 'approval:resolved', approvalId, outcome: 'cancelled' });
  }

  /** Handles the resolution of a request. */
  function finishRequest(approval: StoredApproval) {
    sendResolution(approval);
    updateWait(approval.commandId);
  }

  /** Publishes a committed resolution. */
  function publishResolution(approval: StoredApproval) {
    broadcast.toDashboards(approval.agentId, toResolution(approval));
    finishRequest(approval);
  }

  /** Cancels a pending request. It no longer accepts responses. */
  async function cancel(approval: StoredApproval) {
    const changes = { outcome: 'cancelled' as const, resolvedAt: clock.now() };
    unsettled.resolve(approval, changes);
    // It was not published, and is finished once it is known whether it is stored.
    if (unsaved.has(approval)) return updateWait(approval.commandId);
    saving.add(approval);
    await storeHealth.retry(() => store.approvals.update(approval.approvalId, changes));
    saving.delete(approval);
    publishResolution(approval);
  }

  function cancelPending(commandId: string): Promise<void[]> {
    const pending = unsettled.ofCommand(commandId).filter(({ outcome }) => outcome === null);
    return Promise.all(pending.map(cancel));
  }

  return {
    /** Restores the requests of a command, and pauses its timeout if one is pending. */
    async restore(execution: Execution, isCurrent = () => true) {
      const approvals = await store.approvals.listByCommand(execution.id);
      if (!isCurrent()) return;
      for (const approval of approvals) {
        if (unsettled.has(approval.approvalId)) continue;
        if (approval.outcome === null || approval.appliedAt === null) unsettled.add(approval);
      }
      wait.restore(execution, approvals);
    },
    /** The agent of a request that is pending, or whose response the agent has not confirmed. */
    agentOf: (approvalId: string) => unsettled.get(approvalId)?.agentId,
    /** Forgets what is not stored about the requests of an agent, because its owner changes. The mirror knows the others. */
    forget(agentId: string) {
      for (const approval of unsettled.ofAgent(agentId)) {
        wait.forget(approval.commandId);
        const isSaving = saving.delete(approval);
        if (!unsaved.delete(approval) && !isSaving) continue;
        unsettled.remove(approval);
        if (isSaving) unsettled.add({ ...approval, ...PENDING });
      }
    },
    /** The commands of an agent that have requests in memory. */
    commandsOf: (agentId: string) => [
      ...new Set(unsettled.ofAgent(agentId).map(({ commandId }) => commandId)),
    ],
    /**
     * Updates the requests of an agent that another hub owns, and publishes what has changed.
     * @param stored all requests of the commands that have, or had, pending ones
     * @param isActive whether a command has not ended
     */
    mirror(
      agentId: string,
      stored: readonly StoredApproval[],
      isActive: (commandId: string) => boolean,
    ) {
      const known = new Map(unsettled.ofAgent(agentId).map((one) => [one.approvalId, one]));
      for (const approval of stored) {
        const { approvalId, commandId, outcome, optionId, resolvedBy, resolvedAt } = approval;
        const before = known.get(approvalId);
        known.delete(approvalId);
        const isApplied = approval.appliedAt !== null;
        if (!before) {
          if (outcome !== null && (isApplied || !isActive(commandId))) continue;
          unsettled.add(approval);
          if (outcome === null) broadcast.toDashboards(agentId, toRequest(approval));
          continue;
        }
        if (before.outcome === null && outcome !== null) {
          unsettled.resolve(before, { outcome, optionId, resolvedBy, resolvedAt });
          broadcast.toDashboards(agentId, toResolution(approval));
        }
        if (outcome === null || (!isApplied && isActive(commandId))) continue;
        unsettled.remove(before);
        if (isApplied) {
          broadcast.toDashboards(agentId, { type: 'approval:applied', approvalId, commandId });
        }
      }
      for (const approval of known.values()) unsettled.remove(approval);
    },
    /** Cancels the pending requests of commands that ended while the hub was down. */
    async cancelOrphaned() {
      const active = listExecutions(state).map(({ id }) => id);
      await store.approvals.cancelPendingExcept(active, clock.now());
    },
    /** Pending requests, oldest first: all, or those of an agent or a command. */
    listPending({ agentId, commandId }: { agentId?: string; commandId?: string } = {}) {
      if (commandId !== undefined) return unsettled.ofCommand(commandId).filter(isPublished);
      if (agentId !== undefined) return unsettled.ofAgent(agentId).filter(isPublished);
      return unsettled.all().filter(isPublished);
    },
    /** The requests of a command with their resolutions, oldest first. */
    listByCommand: (commandId: string, query?: ApprovalQuery) =>
      store.approvals.listByCommand(commandId, query),
    /** How many there are, without regard to `limit`. */
    countByCommand: (commandId: string, query?: ApprovalQuery) =>
      store.approvals.countByCommand(commandId, query),
    /** Resolved requests of these agents, the latest first; null for all agents. */
    listResolved: (agentIds: readonly string[] | null, limit: number) =>
      store.approvals.listResolved(agentIds, limit),
    /** A request with its whole detail. */
    async find(approvalId: string): Promise<StoredApproval | undefined> {
      const approval = await store.approvals.find(approvalId);
      if (!approval || approval.detailBytes === null) return approval;
      const detail = (await store.approvals.findDetail(approvalId)) ?? approval.detail;
      return { ...approval, detail, detailBytes: null };
    },

    /** Handles an agent's request. If it repeats an earlier request, the resolution of that request is resent. */
    async request(agent: AgentConnection, message: AgentApprovalRequest): Promise<void> {
      const { approvalId, commandId } = message;
      const known = unsettled.get(approvalId);
      if (known) return repeat(agent, known);
      if (unsettled.countPendingOfAgent(agent.agentId) >= MAX_PENDING_APPROVALS) {
        return reject(agent, approvalId);
      }
      const approval = createApproval(agent.agentId, message, clock.now());
      unsettled.add(approval);
      unsaved.add(approval);
      updateWait(commandId);
      let settled: StoredApproval | undefined;
      let isStored = false;
      let isTried = false;
      await storeHealth.retry(
        async () => {
          settled = await store.approvals.find(approvalId);
          // An attempt whose answer was lost has stored it.
          isStored = isTried && settled?.outcome === null && settled.agentId === agent.agentId;
          if (isStored) settled = undefined;
          if (settled || isStored) return;
          isTried = true;
          await store.approvals.insert(approval, approval.detailBytes ? message.detail : undefined);
          isStored = true;
        },
        () => approval.outcome !== null,
      );
      unsaved.delete(approval);
      if (settled) {
        unsettled.remove(approval);
        updateWait(commandId);
        return repeat(agent, settled);
      }
      if (approval.outcome === null) {
        // Unless another hub owns the agent now, and this one mirrors the request.
        const isKnown = unsettled.get(approvalId) === approval;
        if (isKnown) broadcast.toDashboards(agent.agentId, toRequest(approval));
        return;
      }
      // It was cancelled in the meantime.
      if (isStored) return cancel(approval);
      unsettled.remove(approval);
      finishRequest(approval);
    },

    /**
     * Responds to a request. The first response wins.
     * @throws {HubError} forbidden, approval_unknown, invalid_message, unavailable
     */
    async respond(actor: Actor, approvalId: string, optionId: string): Promise<void> {
      requirePermission(actor, 'approvals:respond');
      const found = unsettled.get(approvalId);
      const approval = found && maySee(state, actor, found.agentId) ? found : undefined;
      if (!approval || approval.outcome !== null || isEnding(approval)) {
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
      unsettled.resolve(approval, changes);
      const entry = audit.createEntry(actor, {
        action: 'approval.responded',
        target: approval.commandId,
        detail: { approvalId, optionId },
      });
      saving.add(approval);
      try {
        await store.approvals.update(approvalId, changes, entry);
      } catch (error) {
        storeHealth.reportFailure(error);
        unsettled.reopen(approval);
        // The command may have ended in the meantime.
        if (!unsettled.has(approvalId)) {
          cancel(approval).catch((cause: unknown) => {
            log.error('Could not cancel an approval request.', { approvalId, error: cause });
          });
        }
        throw new HubError('unavailable', 'Could not save the response. Try again.');
      } finally {
        saving.delete(approval);
      }
      publishResolution(approval);
    },

    /** Records that the AI program has received the response. */
    async confirm(agent: AgentConnection, approvalId: string): Promise<void> {
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome === null || approval.agentId !== agent.agentId) return;
      const { commandId } = approval;
      unsettled.remove(approval);
      await storeHealth.retry(() => store.approvals.update(approvalId, { appliedAt: clock.now() }));
      broadcast.toDashboards(agent.agentId, { type: 'approval:applied', approvalId, commandId });
    },

    /** Cancels the pending requests of a command that is being stopped. */
    cancelPending,
    /** Cancels the pending requests of a command that has ended, and removes the others from memory. */
    async close(commandId: string) {
      const requests = unsettled.ofCommand(commandId);
      for (const approval of requests) if (approval.outcome !== null) unsettled.remove(approval);
      await cancelPending(commandId);
      for (const approval of requests) unsettled.remove(approval);
    },

    /** Resends the resolutions that a reconnected agent has not confirmed. */
    resendResolutions(agent: AgentConnection) {
      for (const approval of unsettled.ofAgent(agent.agentId)) sendResolution(approval);
    },
  };
}

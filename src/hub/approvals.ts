// Questions that agents ask before they act: each is a row before anybody sees it, the first answer wins, and the agent
// hears it until it says that its program has it (protocol.md, "approval:request").
import type { AgentApprovalRequest } from '../protocol/agent-to-hub.ts';
import { mayActAs } from '../protocol/entities.ts';
import { Refusal } from '../protocol/errors.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import type { Body } from '../protocol/message.ts';
import type { StoredApproval } from '../store/store.ts';
import type { AgentConnection } from './state/agent.ts';
import type { Authority } from './broadcast.ts';
import type { Actor } from './state/dashboard.ts';
import { tellAgent } from './link.ts';
import type { HubContext } from './state/server-state.ts';

export type Approvals = ReturnType<typeof createApprovals>;

export interface ApprovalEvents {
  /** A command has begun to wait for an answer, or no longer waits for any. */
  waits(commandId: string, waits: boolean): void;
}

/** How a question ended. */
type Answer = Pick<StoredApproval, 'outcome' | 'optionId' | 'resolvedBy'>;

export function createApprovals(
  { state, store, clock, storage, log }: HubContext,
  authority: Authority,
  events: ApprovalEvents,
) {
  /** Open ones, and those whose answer the agent has not confirmed. */
  const unsettled = new Map<string, StoredApproval>();

  function openOf(commandId: string): StoredApproval[] {
    return [...unsettled.values()].filter(
      (approval) => approval.commandId === commandId && approval.outcome === null,
    );
  }

  /** Tells the agent of an answer, where it is connected; where it is not, on its return. */
  function tellAnswer({ agentId, approvalId, outcome, optionId }: StoredApproval) {
    const link = state.agents.get(agentId)?.link;
    if (!link || outcome === null) return;
    tellAgent(link, {
      type: 'approval:resolved',
      approvalId,
      outcome,
      ...(optionId !== null && { optionId }),
    });
  }

  /** Commits an answer, and only then tells it. */
  async function resolve(approval: StoredApproval, answer: Answer) {
    const open = { outcome: null, optionId: null, resolvedBy: null, resolvedAt: null };
    const changes = { ...answer, resolvedAt: clock.now() };
    Object.assign(approval, changes);
    try {
      await store.approvals.update(approval.approvalId, changes);
    } catch (error) {
      Object.assign(approval, open);
      storage.failed(error);
      throw new Refusal('unavailable', 'The hub cannot store the answer now: try again soon.');
    }
    const { approvalId, outcome, optionId, resolvedBy, commandId } = approval;
    authority.tellEveryone({
      type: 'approval:resolved',
      approvalId,
      outcome: outcome ?? 'cancelled',
      ...(optionId !== null && { optionId }),
      ...(resolvedBy !== null && { resolvedBy }),
    });
    tellAnswer(approval);
    if (openOf(commandId).length === 0) events.waits(commandId, false);
  }

  return {
    /**
     * Brings back what an earlier run of the hub left; the questions of commands that are over are moot.
     * @param isLive whether a command is still queued or running
     */
    async restore(isLive: (commandId: string) => boolean) {
      for (const approval of await store.approvals.unsettled()) {
        if (!isLive(approval.commandId)) continue;
        unsettled.set(approval.approvalId, approval);
        if (approval.outcome === null) events.waits(approval.commandId, true);
      }
    },
    /** How long a command has waited for answers that came, in milliseconds; overlapping waits count once. */
    async waited(commandId: string): Promise<number> {
      let total = 0;
      let until = 0;
      for (const { requestedAt, resolvedAt } of await store.approvals.ofCommand(commandId)) {
        if (resolvedAt === null || resolvedAt <= until) continue;
        total += resolvedAt - Math.max(requestedAt, until);
        until = resolvedAt;
      }
      return total;
    },
    /** The open questions, oldest first. */
    open: () => [...unsettled.values()].filter(({ outcome }) => outcome === null),
    openOf,
    /** Every question of a command and its answer, for its page and the audit. */
    ofCommand: (commandId: string) => store.approvals.ofCommand(commandId),

    /** Takes an agent's question; one it repeats is answered again, or stays open. */
    async asked(agent: AgentConnection, message: AgentApprovalRequest): Promise<void> {
      const known = unsettled.get(message.approvalId);
      if (known) return tellAnswer(known);
      const first = openOf(message.commandId).length === 0;
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
        // The agent asks again after the next welcome; until then nobody could have been told.
        unsettled.delete(approval.approvalId);
        return storage.failed(error);
      }
      if (first) events.waits(approval.commandId, true);
      authority.tellEveryone(toRequest(approval));
    },

    /**
     * Answers a question. The first answer wins.
     * @throws {Refusal} forbidden, approval_unknown, invalid_message, unavailable
     */
    async respond(who: Actor, approvalId: string, optionId: string): Promise<void> {
      if (!mayActAs(who.role, 'operator')) {
        throw new Refusal('forbidden', 'Your role may watch, but not answer.');
      }
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome !== null) {
        const by = approval?.resolvedBy ? `${approval.resolvedBy} has answered it already.` : '';
        throw new Refusal('approval_unknown', by || 'There is no such open question.');
      }
      if (!approval.options.some((option) => option.optionId === optionId)) {
        throw new Refusal('invalid_message', 'That is none of the answers it offers.');
      }
      await resolve(approval, { outcome: 'selected', optionId, resolvedBy: who.userId });
    },

    /** The program has the answer: the audit is whole. */
    async applied(approvalId: string): Promise<void> {
      const approval = unsettled.get(approvalId);
      if (!approval || approval.outcome === null) return;
      try {
        await store.approvals.update(approvalId, { appliedAt: clock.now() });
        unsettled.delete(approvalId);
        const { commandId } = approval;
        authority.tellEveryone({ type: 'approval:applied', approvalId, commandId });
      } catch (error) {
        storage.failed(error);
      }
    },

    /** Nobody need answer any more: the command was told to stop, or is over. */
    cancel(commandId: string) {
      for (const approval of openOf(commandId)) {
        resolve(approval, { outcome: 'cancelled', optionId: null, resolvedBy: null }).catch(
          (error: unknown) => log.warn('A question could not be cancelled.', { error }),
        );
      }
    },

    /** Repeats the answers a returning agent has not confirmed. */
    repeat(agent: AgentConnection) {
      for (const approval of unsettled.values()) {
        if (approval.agentId === agent.agentId) tellAnswer(approval);
      }
    },
  };
}

/** A question as dashboards get it. */
export function toRequest(
  approval: StoredApproval,
): Extract<Body<HubToDashboard>, { type: 'approval:request' }> {
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

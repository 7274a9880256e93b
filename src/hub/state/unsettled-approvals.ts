// The approval requests in memory, by ID, command and agent: pending ones, and resolved ones that the agent has not
// confirmed.
import type { StoredApproval } from '../../store/store.ts';

/** The response to a request, or that it was cancelled. */
type Resolution = Pick<StoredApproval, 'outcome' | 'resolvedAt'> &
  Partial<Pick<StoredApproval, 'optionId' | 'resolvedBy'>>;

/** The fields of a request that is pending. */
export const PENDING = { outcome: null, optionId: null, resolvedBy: null, resolvedAt: null };

export function createUnsettledApprovals() {
  const byId = new Map<string, StoredApproval>();
  const byCommand = createIndex(({ commandId }) => commandId);
  const byAgent = createIndex(({ agentId }) => agentId);

  function count(approval: StoredApproval, change: 1 | -1) {
    byCommand.count(approval, change);
    byAgent.count(approval, change);
  }

  /** Whether it is this one that is held, and no later copy. */
  const isHeld = (approval: StoredApproval) => byId.get(approval.approvalId) === approval;

  return {
    get: (approvalId: string) => byId.get(approvalId),
    has: (approvalId: string) => byId.has(approvalId),
    add(approval: StoredApproval) {
      byId.set(approval.approvalId, approval);
      byCommand.add(approval);
      byAgent.add(approval);
      if (approval.outcome === null) count(approval, 1);
    },
    remove(approval: StoredApproval) {
      if (!isHeld(approval)) return;
      byId.delete(approval.approvalId);
      if (approval.outcome === null) count(approval, -1);
      byCommand.remove(approval);
      byAgent.remove(approval);
    },
    /** Sets the outcome of a request. */
    resolve(approval: StoredApproval, resolution: Resolution) {
      if (approval.outcome === null && isHeld(approval)) count(approval, -1);
      Object.assign(approval, resolution);
    },
    /** Makes a resolved request pending again. */
    reopen(approval: StoredApproval) {
      Object.assign(approval, PENDING);
      if (isHeld(approval)) count(approval, 1);
    },
    /** All requests, oldest first. */
    all: () => [...byId.values()],
    /** The requests of a command, oldest first. */
    ofCommand: byCommand.list,
    /** The requests of an agent, oldest first. */
    ofAgent: byAgent.list,
    countPendingOfCommand: byCommand.countOf,
    countPendingOfAgent: byAgent.countOf,
  };
}

/** Groups requests by a key, and counts those that are pending. */
function createIndex(keyOf: (approval: StoredApproval) => string) {
  const groups = new Map<string, { approvals: Set<StoredApproval>; pending: number }>();
  return {
    add(approval: StoredApproval) {
      const key = keyOf(approval);
      const group = groups.get(key) ?? { approvals: new Set(), pending: 0 };
      group.approvals.add(approval);
      groups.set(key, group);
    },
    remove(approval: StoredApproval) {
      const key = keyOf(approval);
      const group = groups.get(key);
      group?.approvals.delete(approval);
      if (group?.approvals.size === 0) groups.delete(key);
    },
    count(approval: StoredApproval, change: 1 | -1) {
      const group = groups.get(keyOf(approval));
      if (group) group.pending += change;
    },
    list: (key: string): StoredApproval[] => [...(groups.get(key)?.approvals ?? [])],
    countOf: (key: string): number => groups.get(key)?.pending ?? 0,
  };
}

// An approval request as it is stored and as dashboards receive it.
import type { AgentApprovalRequest } from '../../protocol/agent-to-hub.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../protocol/message.ts';
import type { StoredApproval } from '../../store/store.ts';

/** Creates a pending request. */
export function createApproval(
  agentId: string,
  { approvalId, commandId, title, detail, options }: AgentApprovalRequest,
  requestedAt: number,
): StoredApproval {
  return {
    approvalId,
    commandId,
    agentId,
    title,
    detail: detail ?? null,
    options,
    requestedAt,
    outcome: null,
    optionId: null,
    resolvedBy: null,
    resolvedAt: null,
    appliedAt: null,
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

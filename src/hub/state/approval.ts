// An approval request as it is stored and as dashboards receive it.
import type { AgentApprovalRequest } from '../../protocol/agent-to-hub.ts';
import type { HubToDashboard } from '../../protocol/hub-to-dashboard.ts';
import { APPROVAL_EXCERPT_BYTES, APPROVAL_LIST_BYTES } from '../../protocol/limits.ts';
import type { Unversioned } from '../../protocol/message.ts';
import { byteLength, truncateAtLine } from '../../protocol/text.ts';
import type { StoredApproval } from '../../store/store.ts';

/** Creates a pending request. A long detail is replaced by an excerpt. */
export function createApproval(
  agentId: string,
  { approvalId, commandId, title, detail, options }: AgentApprovalRequest,
  requestedAt: number,
): StoredApproval {
  const excerpt = detail === undefined ? null : truncateAtLine(detail, APPROVAL_EXCERPT_BYTES);
  return {
    approvalId,
    commandId,
    agentId,
    title,
    detail: excerpt,
    detailBytes: detail === undefined || excerpt === detail ? null : byteLength(detail),
    options,
    requestedAt,
    outcome: null,
    optionId: null,
    resolvedBy: null,
    resolvedAt: null,
    appliedAt: null,
  };
}

/** Leaves out the details that exceed what one list of requests contains (docs/protocol.md, "Approvals"). */
export function limitDetails(approvals: readonly StoredApproval[]): StoredApproval[] {
  let remaining = APPROVAL_LIST_BYTES;
  return approvals.map((approval) => {
    const { detail, detailBytes } = approval;
    const bytes = byteLength(detail ?? '');
    if (bytes > remaining) return { ...approval, detail: '', detailBytes: detailBytes ?? bytes };
    remaining -= bytes;
    return approval;
  });
}

/** The `approval:resolved` message for dashboards. */
export function toResolution({
  approvalId,
  outcome,
  optionId,
  resolvedBy,
}: StoredApproval): Extract<Unversioned<HubToDashboard>, { type: 'approval:resolved' }> {
  return {
    type: 'approval:resolved',
    approvalId,
    outcome: outcome ?? 'cancelled',
    ...(optionId !== null && { optionId }),
    ...(resolvedBy !== null && { resolvedBy }),
  };
}

/** The `approval:request` message for dashboards. */
export function toRequest(
  approval: StoredApproval,
): Extract<Unversioned<HubToDashboard>, { type: 'approval:request' }> {
  const { approvalId, commandId, agentId, title, detail, detailBytes, options } = approval;
  return {
    type: 'approval:request',
    approvalId,
    commandId,
    agentId,
    title,
    ...(detail !== null && { detail }),
    ...(detailBytes !== null && { detailBytes }),
    options,
    requestedAt: approval.requestedAt,
  };
}

// The approval requests of the running command: sent until they are resolved, resent after a reconnect, and confirmed
// when the program has received the response (docs/protocol.md, "approval:request").
import type { AgentApprovalResolved } from '../protocol/hub-to-agent.ts';
import { fitApprovalRequest } from './approval-limits.ts';
import type { Send } from './hub-connection.ts';
import type { ApprovalRequestContent, ApprovalResponse } from './runner.ts';

export type Approvals = ReturnType<typeof createApprovals>;

interface PendingRequest {
  request: ApprovalRequestContent;
  /** The program's ID of an option. */
  originalId(optionId: string): string;
  resolve(response: ApprovalResponse): void;
}

export function createApprovals(commandId: string, send: Send) {
  const pending = new Map<string, PendingRequest>();
  /** Requests whose response the program has received. */
  const applied = new Set<string>();

  function sendRequest(approvalId: string, request: ApprovalRequestContent): void {
    send({ type: 'approval:request', approvalId, commandId, ...request });
  }

  function confirm(approvalId: string): void {
    applied.add(approvalId);
    send({ type: 'approval:applied', approvalId });
  }

  return {
    request(content: ApprovalRequestContent): Promise<ApprovalResponse> {
      const approvalId = Bun.randomUUIDv7();
      const fitted = fitApprovalRequest(content);
      const { promise, resolve } = Promise.withResolvers<ApprovalResponse>();
      pending.set(approvalId, { ...fitted, resolve });
      sendRequest(approvalId, fitted.request);
      return promise;
    },

    /** Resends the pending requests. */
    resend(): void {
      for (const [approvalId, { request }] of pending) sendRequest(approvalId, request);
    },

    /** Passes a response from the hub to the program. */
    respond({ approvalId, outcome, optionId }: AgentApprovalResolved): void {
      // The hub resends a response until it is confirmed.
      if (applied.has(approvalId)) return confirm(approvalId);
      const request = pending.get(approvalId);
      pending.delete(approvalId);
      request?.resolve({
        outcome,
        ...(optionId !== undefined && { optionId: request.originalId(optionId) }),
        confirm: () => confirm(approvalId),
      });
    },

    /** Cancels the pending requests. The hub does the same when the command ends, so no confirmation is sent. */
    cancel(): void {
      for (const { resolve } of pending.values()) resolve(cancelledResponse());
      pending.clear();
    },
  };
}

/** The response to a cancelled request. */
export function cancelledResponse(): ApprovalResponse {
  return { outcome: 'cancelled', confirm: () => undefined };
}

// The inbox of pending approval requests, and the form that responds to one.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { classifyResponse, formatResponse } from '../../protocol/approvals.ts';
import type { PendingApproval } from '../../../views/components/approval-card.tsx';
import { ApprovalList, ApprovalsPage } from '../../../views/pages/approvals.tsx';
import { ANY_APPROVAL } from '../../../views/events.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

export function createApprovalPages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/approvals' })
    .get('/approvals', ({ request }) =>
      requireUser(request, (user) => {
        const pending = listPendingCards(hub);
        return renderDocument(
          request,
          (context) => <ApprovalsPage context={context} user={user} pending={pending} />,
          { pendingApprovals: pending.length },
        );
      }),
    )
    .get('/approvals/list', ({ request }) =>
      requireUser(request, (user) =>
        request.headers.has('hx-request')
          ? renderFragment(<ApprovalList user={user} pending={listPendingCards(hub)} />)
          : redirect(request, '/approvals'),
      ),
    )
    .post('/approvals', ({ request, body }) =>
      requireUser(request, async (user) => {
        const approvalId = readField(body, 'approvalId');
        const optionId = readField(body, 'optionId');
        const approval = hub.approvals.listPending().find((one) => one.approvalId === approvalId);
        await hub.approvals.respond(user, approvalId, optionId);
        const response = { outcome: 'selected', optionId, resolvedBy: user.userId } as const;
        const options = approval?.options ?? [];
        const outcome = formatResponse(options, response);
        const text = `${outcome}: ${approval?.title ?? approvalId}`;
        return renderFragment(<Notice kind={classifyResponse(options, response)} text={text} />, {
          headers: { 'hx-trigger': ANY_APPROVAL },
        });
      }),
    );
}

/** Returns the pending approval requests with their commands, oldest first. */
export function listPendingCards(hub: Hub): PendingApproval[] {
  return hub.approvals.listPending().map((approval) => {
    const active = hub.history.listActive(approval.agentId);
    return { approval, command: active.find(({ id }) => id === approval.commandId) ?? null };
  });
}

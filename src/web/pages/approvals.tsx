// The inbox of pending approval requests, and the form that responds to one.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import type { View } from '../../hub/view.ts';
import { limitDetails } from '../../hub/state/approval.ts';
import { classifyResponse, formatResponse } from '../../protocol/approvals.ts';
import { HubError } from '../../protocol/errors.ts';
import type { PendingApproval } from '../../../views/components/approval-card.tsx';
import { WholeDetail } from '../../../views/components/approval-detail.tsx';
import { ApprovalList, ApprovalsPage } from '../../../views/pages/approvals.tsx';
import { ANY_APPROVAL } from '../../../views/events.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { readCount, readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

/** The number of decisions on the page. */
const DECISIONS = 20;

export function createApprovalPages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/approvals' })
    .get('/approvals', ({ request }) =>
      requireUser(request, async (user) => {
        const inbox = await readInbox(hub, user, request);
        return renderDocument(
          request,
          (context) => <ApprovalsPage context={context} {...inbox} />,
          hub.viewFor(user).menu(),
        );
      }),
    )
    .get('/approvals/list', ({ request }) =>
      requireUser(request, async (user) => {
        if (!request.headers.has('hx-request')) return redirect(request, '/approvals');
        return renderFragment(<ApprovalList {...await readInbox(hub, user, request)} />);
      }),
    )
    .get('/approvals/:id/detail', ({ request, params }) =>
      requireUser(request, async (user) => {
        const approval = await hub.viewFor(user).approvals.find(params.id);
        if (!approval) throw new HubError('approval_unknown', 'Approval request not found.');
        return renderFragment(<WholeDetail detail={approval.detail ?? ''} />);
      }),
    )
    .post('/approvals', ({ request, body }) =>
      requireUser(request, async (user) => {
        const approvalId = readField(body, 'approvalId');
        const optionId = readField(body, 'optionId');
        const approval = await hub.viewFor(user).approvals.find(approvalId);
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

async function readInbox(hub: Hub, user: Identity, request: Request) {
  const view = hub.viewFor(user);
  return {
    user,
    pending: listPendingCards(view),
    decisions: limitDetails(await view.approvals.listResolved(DECISIONS)),
    limit: readCount(request, 'cards'),
  };
}

/** Returns pending approval requests with their commands. */
export function listPendingCards(
  view: View,
  pending = view.approvals.listPending(),
): PendingApproval[] {
  const approvals = limitDetails(pending);
  const agentIds = new Set(approvals.map(({ agentId }) => agentId));
  const active = [...agentIds].flatMap((agentId) => view.history.listActive(agentId));
  const commands = new Map(active.map((command) => [command.id, command]));
  return approvals.map((approval) => ({
    approval,
    command: commands.get(approval.commandId) ?? null,
  }));
}

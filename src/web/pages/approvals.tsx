// The inbox of open questions, and the form that answers one.
import { Elysia } from 'elysia';
import { formatResponse } from '../../protocol/approvals.ts';
import type { Question } from '../../../views/components/approval-card.tsx';
import { ApprovalList, ApprovalsPage } from '../../../views/pages/approvals.tsx';
import { ANY_APPROVAL } from '../../../views/events.ts';
import { Notice } from '../../../views/components/notice.tsx';
import { document, fragment, redirect } from './response.ts';
import { field } from './form.ts';
import { type Enter, requireRole } from './guard.tsx';
import type { PageSource } from './page-source.ts';

/** The routes about questions of agents. */
export function createApprovalPages(source: PageSource, enter: Enter) {
  return new Elysia({ name: 'pages/approvals' })
    .get('/approvals', ({ request }) =>
      enter(request, (reader) => {
        const questions = openQuestions(source);
        return document(request, (frame) => <ApprovalsPage {...{ frame, reader, questions }} />, {
          waiting: questions.length,
        });
      }),
    )
    .get('/approvals/list', ({ request }) =>
      enter(request, (reader) =>
        request.headers.has('hx-request')
          ? fragment(<ApprovalList reader={reader} questions={openQuestions(source)} />)
          : redirect(request, '/approvals'),
      ),
    )
    .post('/approvals', ({ request, body }) =>
      enter(request, async (who) => {
        requireRole(who, 'operator');
        const approvalId = field(body, 'approvalId');
        const optionId = field(body, 'optionId');
        const asked = source.approvals().find((approval) => approval.approvalId === approvalId);
        const options = asked?.options ?? [];
        await source.respond(who, approvalId, optionId);
        const answer = { outcome: 'selected', optionId, resolvedBy: who.userId } as const;
        const text = `${formatResponse(options, answer)}: ${asked?.title ?? approvalId}`;
        return fragment(<Notice kind="done" text={text} />, {
          headers: { 'hx-trigger': ANY_APPROVAL },
        });
      }),
    );
}

/** The open questions with the commands they came up in. */
export function openQuestions(source: PageSource): Question[] {
  return source.approvals().map((approval) => {
    const live = source.live(approval.agentId);
    return { approval, command: live.find(({ id }) => id === approval.commandId) ?? null };
  });
}

// The history and the command page, with their fragments, and the form that interrupts a command.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { View } from '../../hub/view.ts';
import { limitDetails } from '../../hub/state/approval.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { describeState } from '../../../views/format/command-state.ts';
import { CommandLive, CommandPage } from '../../../views/pages/command.tsx';
import { historyUrl } from '../../../views/urls.ts';
import { REFRESH } from '../../../views/events.ts';
import { HistoryList, HistoryOlder, HistoryPage } from '../../../views/pages/history.tsx';
import { Notice } from '../../../views/components/notice.tsx';
import { parseCommandQuery, readCount } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { renderNotFound } from './message.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

export function createCommandPages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/commands' })
    .get('/history', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseCommandQuery(request);
        const view = hub.viewFor(user);
        const page = await view.history.listPage(query);
        const agents = view.registry.list();
        return renderDocument(
          request,
          (context) => <HistoryPage {...{ context, user, agents, query, page }} />,
          { pendingApprovals: hub.viewFor(user).approvals.listPending().length },
        );
      }),
    )
    .get('/history/list', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseCommandQuery(request);
        const page = await hub.viewFor(user).history.listPage(query);
        const headers = { 'hx-replace-url': historyUrl(query) };
        return renderFragment(<HistoryList query={query} page={page} />, { headers });
      }),
    )
    .get('/history/older', ({ request }) =>
      requireUser(request, async (user) => {
        const query = parseCommandQuery(request);
        const page = await hub.viewFor(user).history.listPage(query);
        return renderFragment(<HistoryOlder query={query} page={page} />);
      }),
    )
    .get('/commands/:id', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getCommandState(hub.viewFor(user), params.id, request);
        if (!state) {
          const message = 'There is no command with this ID.';
          return renderNotFound(request, user, 'Command not found', message);
        }
        return renderDocument(
          request,
          (context) => <CommandPage {...state} context={context} user={user} />,
          { pendingApprovals: hub.viewFor(user).approvals.listPending().length },
        );
      }),
    )
    .get('/commands/:id/live', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getCommandState(hub.viewFor(user), params.id, request);
        return state
          ? renderFragment(<CommandLive {...state} user={user} />)
          : redirect(request, '/history');
      }),
    )
    .post('/commands/:id/interrupt', ({ request, params }) =>
      requireUser(request, async (user) => {
        const command = await hub.commands.interrupt(user, params.id);
        const { label } = describeState(command);
        return renderFragment(<Notice kind="cancelled" text={label} />, {
          headers: { 'hx-trigger': REFRESH },
        });
      }),
    );
}

async function getCommandState(view: View, commandId: string, request: Request) {
  const command = await view.history.find(commandId);
  if (!command) return undefined;
  const query = { resolvedOnly: !hasEnded(command.status), limit: readCount(request, 'rows') };
  const pending = query.resolvedOnly ? view.approvals.listPending({ commandId }) : [];
  const resolved = await view.approvals.listByCommand(commandId, query);
  return {
    command,
    output: view.history.outputState(commandId),
    approvals: limitDetails([...pending, ...resolved]),
    resolvedCount: await view.approvals.countByCommand(commandId, query),
  };
}

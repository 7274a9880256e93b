// The history and the command page, with their fragments, and the forms that interrupt a command and delete its output.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import type { View } from '../../hub/view.ts';
import { limitDetails } from '../../hub/state/approval.ts';
import type { CommandBody } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { describeState, isStopping } from '../../../views/format/command-state.ts';
import { CommandLive, CommandPage } from '../../../views/pages/command.tsx';
import { agentUrl, commandUrl, historyUrl } from '../../../views/urls.ts';
import { REFRESH } from '../../../views/events.ts';
import { HistoryList, HistoryOlder, HistoryPage } from '../../../views/pages/history.tsx';
import { AgainDialog } from '../../../views/components/again-dialog.tsx';
import { AgainAccepted, againFormId } from '../../../views/components/block-actions.tsx';
import { UnfoldedLines } from '../../../views/components/block-output.tsx';
import { Notice } from '../../../views/components/notice.tsx';
import { parseAgainForm, parseCommandQuery, readCount, readField } from './form.ts';
import { offerQueue, type RequireUser, toStatus } from './guard.tsx';
import { renderNotFound } from './message.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';
import { readLines } from './static-output.ts';
import { findShownTurn, renderTurnChanges } from './turn.tsx';

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
          hub.viewFor(user).menu(),
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
        const turn = await findShownTurn(hub.viewFor(user), state.command);
        return renderDocument(
          request,
          (context) => (
            <CommandPage
              {...state}
              {...{ turn, context, user }}
              search={parseCommandQuery(request).q ?? ''}
            />
          ),
          hub.viewFor(user).menu(),
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
    .get('/commands/:id/again', ({ request, params }) =>
      requireUser(request, async (user) => {
        const { command, agents } = await findRepeated(hub, user, params.id);
        const requestId = Bun.randomUUIDv7();
        return renderFragment(<AgainDialog {...{ command, agents, requestId }} />);
      }),
    )
    .post('/commands/:id/again', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        const { command, agents } = await findRepeated(hub, user, params.id);
        const again = parseAgainForm(command, body);
        if (readField(body, 'agentId') === '') {
          return offerQueue(againFormId(command.id), () => runAgain(hub, user, command, again));
        }
        const { agentId } = again;
        try {
          await hub.commands.request(user, again);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const dialog = (
            <AgainDialog
              {...{ command, agents, agentId }}
              requestId={readField(body, 'requestId')}
              error={error.message}
              isOffline={error.code === 'agent_offline'}
            />
          );
          return renderFragment(dialog, { status: toStatus(error) });
        }
        return redirect(request, agentUrl(agentId));
      }),
    )
    .get('/commands/:id/lines', ({ request, params }) =>
      requireUser(request, async (user) => {
        const { from, until } = readLineRange(request);
        const lines = await readLines(hub.viewFor(user), params.id, from, until);
        return renderFragment(<UnfoldedLines commandId={params.id} {...{ lines, from, until }} />);
      }),
    )
    .post('/commands/:id/output/delete', ({ request, params }) =>
      requireUser(request, async (user) => {
        await hub.commands.deleteOutput(user, params.id);
        return renderFragment(<Notice kind="cancelled" text="Output deleted" />, {
          headers: { 'hx-trigger': REFRESH },
        });
      }),
    )
    .get('/commands/:id/turn', ({ request, params }) =>
      requireUser(request, async (user) => {
        const view = hub.viewFor(user);
        const command = await view.history.find(params.id);
        if (!command || !request.headers.has('hx-request')) {
          return redirect(request, commandUrl(params.id));
        }
        return renderTurnChanges(view, command, request);
      }),
    )
    .post('/commands/:id/interrupt', ({ request, params }) =>
      requireUser(request, async (user) => {
        const command = await hub.commands.interrupt(user, params.id);
        const { label } = describeState(command);
        const stopping = isStopping(command) ? command.id : undefined;
        return renderFragment(<Notice kind="cancelled" text={label} stopping={stopping} />, {
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
    agent: view.registry.find(command.agentId) ?? null,
    requestId: Bun.randomUUIDv7(),
    removal: await view.history.findRemoval(commandId),
    approvals: limitDetails([...pending, ...resolved]),
    resolvedCount: await view.approvals.countByCommand(commandId, query),
  };
}

/** @throws {HubError} command_unknown */
async function findRepeated(hub: Hub, user: Identity, commandId: string) {
  const view = hub.viewFor(user);
  const command = await view.history.find(commandId);
  if (!command) throw new HubError('command_unknown', 'Command not found.');
  return { command, agents: view.registry.list() };
}

/** @throws {HubError} if the command is rejected */
async function runAgain(
  hub: Hub,
  user: Identity,
  { id: commandId }: CommandExecution,
  again: CommandBody,
): Promise<Response> {
  const { position } = await hub.commands.request(user, again);
  const agent = hub.viewFor(user).registry.find(again.agentId);
  if (!agent) throw new HubError('agent_unknown', `Agent "${again.agentId}" not found.`);
  const requestId = Bun.randomUUIDv7();
  return renderFragment(<AgainAccepted {...{ commandId, agent, position, requestId }} />, {
    headers: { 'hx-trigger': REFRESH },
  });
}

/** Reads the first line and the one after the last from the URL. */
function readLineRange(request: Request): { from: number; until: number } {
  const search = new URL(request.url).searchParams;
  const [from = 0, until = 0] = ['from', 'until'].map((name) => {
    const value = Number(search.get(name));
    return Number.isSafeInteger(value) && value > 0 ? value : 0;
  });
  return { from, until };
}

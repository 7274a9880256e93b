// The pages of changes with their fragments, the dialog that reverts a file, and the form that sends comments.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { View } from '../../hub/view.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import type { ListedFile } from '../../../views/components/changes/changed-files.tsx';
import { type DiffView, FileDiff } from '../../../views/components/changes/file-diff.tsx';
import {
  type CommandWithChanges,
  LatestChanges,
} from '../../../views/components/changes/latest-changes.tsx';
import { RevertDialog } from '../../../views/components/changes/revert-dialog.tsx';
import { ChangesPage, type ChangesPageProps } from '../../../views/pages/changes.tsx';
import { agentUrl, changesUrl } from '../../../views/urls.ts';
import { isPermitted } from '../../protocol/permissions.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { parseCommandForm, readField } from './form.ts';
import { offerQueue, type RequireUser } from './guard.tsx';
import { renderNotFound } from './message.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';
import { formatReview, readComments } from './review-prompt.ts';

/** How many commands with changes are on the page of a conversation, and beside the session. */
const MAX_COMMANDS = 20;
const LATEST_COMMANDS = 5;
/** Among how many commands they are looked for. */
const MAX_PAGE_LENGTH = 200;
const VIEW_COOKIE_SECONDS = 365 * 86_400;

export function createChangesPages(hub: Hub, requireUser: RequireUser) {
  function renderChanges(
    request: Request,
    user: Identity,
    props: Pick<
      ChangesPageProps,
      'agentId' | 'commands' | 'conversationId' | 'hasEarlier' | 'scope'
    >,
  ) {
    const view = hub.viewFor(user);
    const chosen = readChosenView(request);
    const agent = view.registry.find(props.agentId) ?? null;
    const requestId = Bun.randomUUIDv7();
    const diffView = chosen ?? readViewCookie(request);
    return renderDocument(
      request,
      (context) => (
        <ChangesPage {...props} {...{ context, user, agent, requestId }} view={diffView} />
      ),
      {
        ...view.menu(),
        ...(chosen && { headers: { 'set-cookie': viewCookie(chosen) } }),
      },
    );
  }

  return new Elysia({ name: 'pages/changes' })
    .get('/commands/:id/changes', ({ request, params }) =>
      requireUser(request, async (user) => {
        const view = hub.viewFor(user);
        const command = await view.history.find(params.id);
        if (!command) {
          const message = 'There is no command with this ID.';
          return renderNotFound(request, user, 'Command not found', message);
        }
        const { agentId, conversationId } = command;
        const commands = [{ command, changes: await view.findChanges(params.id) }];
        const scope = 'command';
        const props = { agentId, commands, conversationId, hasEarlier: false, scope } as const;
        return renderChanges(request, user, props);
      }),
    )
    .get('/commands/:id/changes/file', ({ request, params }) =>
      requireUser(request, async (user) => {
        const { file, command } = await findFile(hub.viewFor(user), params.id, readPath(request));
        const agent = hub.viewFor(user).registry.find(command.agentId);
        const canPrompt = agent?.capabilities.includes('prompt') ?? false;
        const canComment = canPrompt && isPermitted(user.role, 'commands:send');
        const view = readChosenView(request) ?? 'unified';
        return renderFragment(<FileDiff {...{ file, view, canComment }} />);
      }),
    )
    .get('/commands/:id/revert', ({ request, params }) =>
      requireUser(request, async (user) => {
        const { file, command } = await findFile(hub.viewFor(user), params.id, readPath(request));
        const { id: commandId, agentId } = command;
        return renderFragment(<RevertDialog {...{ commandId, agentId, file }} />);
      }),
    )
    .post('/commands/:id/revert', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        const path = readField(body, 'path');
        const { file, command } = await findFile(hub.viewFor(user), params.id, path);
        try {
          await hub.revertFile(user, params.id, path);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const { id: commandId, agentId } = command;
          const dialog = <RevertDialog {...{ commandId, agentId, file }} error={error.message} />;
          return renderFragment(dialog, { status: 422 });
        }
        return redirect(request, changesUrl(params.id));
      }),
    )
    .get('/agents/:id/changes', ({ request, params }) =>
      requireUser(request, async (user) => {
        const conversationId = new URL(request.url).searchParams.get('conversation') ?? '';
        const view = hub.viewFor(user);
        if (conversationId === '' || conversationId.length > 256) {
          return redirect(request, agentUrl(params.id));
        }
        const query = { agentId: params.id, conversationId, limit: MAX_PAGE_LENGTH };
        const { items, nextCursor } = await view.history.listPage(query);
        const changed = items.filter(hasChanges);
        const commands = await readChanges(view, changed.slice(0, MAX_COMMANDS).toReversed());
        const hasEarlier = nextCursor !== null || changed.length > MAX_COMMANDS;
        const scope = 'conversation';
        const props = { agentId: params.id, commands, conversationId, hasEarlier, scope } as const;
        return renderChanges(request, user, props);
      }),
    )
    .get('/agents/:id/changes/latest', ({ request, params }) =>
      requireUser(request, async (user) => {
        const view = hub.viewFor(user);
        const { items } = await view.history.listPage({ agentId: params.id });
        const changed = items.filter(hasChanges).slice(0, LATEST_COMMANDS);
        const commands = await readChanges(view, changed);
        const latest = items[0] ?? null;
        return renderFragment(<LatestChanges agentId={params.id} {...{ commands, latest }} />);
      }),
    )
    .post('/agents/:id/review', ({ request, params, body }) =>
      requireUser(request, async (user) =>
        offerQueue('review', async () => {
          const view = hub.viewFor(user);
          const comments = readComments(body);
          const ids = [...new Set(comments.map(({ commandId }) => commandId))];
          const changes = new Map(
            await Promise.all(ids.map(async (id) => [id, await view.findChanges(id)] as const)),
          );
          const command = formatReview(comments, changes);
          const form = { requestId: readField(body, 'requestId'), command };
          const ifOffline = readField(body, 'ifOffline');
          await hub.commands.request(user, parseCommandForm(params.id, { ...form, ifOffline }));
          return redirect(request, agentUrl(params.id));
        }),
      ),
    );
}

const hasChanges = ({ changes }: CommandExecution) => changes !== null && changes.files > 0;

function readChanges(
  view: View,
  commands: readonly CommandExecution[],
): Promise<CommandWithChanges[]> {
  return Promise.all(
    commands.map(async (command) => ({ command, changes: await view.findChanges(command.id) })),
  );
}

/** @throws {HubError} command_unknown, not_found */
async function findFile(
  view: View,
  commandId: string,
  path: string,
): Promise<{ file: ListedFile; command: CommandExecution }> {
  const { files } = await view.findChanges(commandId);
  const file = files.find((one) => one.path === path);
  const command = await view.history.find(commandId);
  if (!file || !command) throw new HubError('not_found', 'The command did not change this file.');
  return { file, command };
}

const readPath = (request: Request) => new URL(request.url).searchParams.get('path') ?? '';

function readChosenView(request: Request): DiffView | null {
  const view = new URL(request.url).searchParams.get('view');
  return view === 'split' || view === 'unified' ? view : null;
}

/** The view that the user chose last. */
function readViewCookie(request: Request): DiffView {
  const cookies = request.headers.get('cookie') ?? '';
  return /(?:^|;\s*)diff-view=split(?:;|$)/.test(cookies) ? 'split' : 'unified';
}

const viewCookie = (view: DiffView) =>
  `diff-view=${view}; Path=/; Max-Age=${VIEW_COOKIE_SECONDS}; SameSite=Lax; HttpOnly`;

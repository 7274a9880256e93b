// The forms that change the queue of an agent, and those that pause and resume it.
import { Value } from '@sinclair/typebox/value';
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { Priority } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { PAUSE_NOTE_LENGTH } from '../../protocol/limits.ts';
import { EditCommandForm } from '../../../views/components/edit-command.tsx';
import { PauseForm } from '../../../views/components/pause.tsx';
import { REFRESH } from '../../../views/events.ts';
import { readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { renderFragment } from './response.ts';

export function createQueuePages(hub: Hub, requireUser: RequireUser) {
  return new Elysia({ name: 'pages/queue' })
    .post('/commands/:id/change', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        await hub.queue.change(user, params.id, { priority: readPriority(body) });
        return renderDone();
      }),
    )
    .post('/commands/:id/cancel', ({ request, params }) =>
      requireUser(request, async (user) => {
        await hub.queue.cancel(user, params.id);
        return renderDone();
      }),
    )
    .post('/commands/:id/restore', ({ request, params }) =>
      requireUser(request, async (user) => {
        await hub.queue.restore(user, params.id);
        return renderDone();
      }),
    )
    .get('/commands/:id/edit', ({ request, params }) =>
      requireUser(request, async (user) => {
        const command = await findCommand(hub, user, params.id);
        return renderFragment(<EditCommandForm command={command} />);
      }),
    )
    .post('/commands/:id/edit', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        // Browsers submit line breaks as CRLF.
        const text = readField(body, 'command').replaceAll('\r\n', '\n');
        const priority = readPriority(body);
        try {
          await hub.queue.change(user, params.id, { command: text, priority });
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const { agentId } = await findCommand(hub, user, params.id);
          const command = { id: params.id, agentId, command: text, priority };
          const form = <EditCommandForm command={command} error={error.message} />;
          return renderFragment(form, { status: 422 });
        }
        return renderDone();
      }),
    )
    .get('/agents/:id/pause', ({ request, params }) =>
      requireUser(request, (user) => {
        const agent = hub.viewFor(user).registry.find(params.id);
        if (!agent) throw new HubError('agent_unknown', `Agent "${params.id}" not found.`);
        return renderFragment(<PauseForm agentId={params.id} />);
      }),
    )
    .post('/agents/:id/pause', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        const note = readField(body, 'note').slice(0, PAUSE_NOTE_LENGTH);
        try {
          await hub.pauseAgents.pause(user, params.id, { note });
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const form = <PauseForm agentId={params.id} note={note} error={error.message} />;
          return renderFragment(form, { status: 422 });
        }
        return renderDone();
      }),
    )
    .post('/agents/:id/resume', ({ request, params }) =>
      requireUser(request, async (user) => {
        await hub.pauseAgents.resume(user, params.id);
        return renderDone();
      }),
    );
}

/** Nothing to show: the page fetches what has changed, and an open dialog closes. */
function renderDone(): Response {
  return renderFragment(<></>, { headers: { 'hx-trigger': REFRESH } });
}

/** @throws {HubError} invalid_message */
function readPriority(form: unknown): Priority {
  const priority = readField(form, 'priority');
  if (Value.Check(Priority, priority)) return priority;
  throw new HubError('invalid_message', 'The priority must be high, normal or low.');
}

/** @throws {HubError} command_unknown */
async function findCommand(hub: Hub, user: Identity, commandId: string) {
  const command = await hub.viewFor(user).history.find(commandId);
  if (command) return command;
  throw new HubError('command_unknown', 'Command not found.');
}

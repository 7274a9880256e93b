// The dialog of the user's saved prompts, and its forms.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { HubError } from '../../protocol/errors.ts';
import { PROMPT_NAME_LENGTH } from '../../protocol/limits.ts';
import { PromptsDialog } from '../../../views/components/prompts-dialog.tsx';
import { readField } from './form.ts';
import type { RequireUser } from './guard.tsx';
import { renderFragment } from './response.ts';

export function createPromptPages(hub: Hub, requireUser: RequireUser) {
  /** Renders the dialog after a change; with the error, if it was rejected. */
  async function renderAfter(user: Identity, change: Promise<unknown>, name = '') {
    try {
      await change;
      return renderFragment(<PromptsDialog prompts={await hub.prompts.list(user)} />);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const prompts = await hub.prompts.list(user);
      return renderFragment(<PromptsDialog {...{ prompts, name, error: error.message }} />, {
        status: 422,
      });
    }
  }

  return new Elysia({ name: 'pages/prompts' })
    .get('/dialogs/prompts', ({ request }) =>
      requireUser(request, async (user) =>
        renderFragment(<PromptsDialog prompts={await hub.prompts.list(user)} />),
      ),
    )
    .post('/prompts', ({ request, body }) =>
      requireUser(request, (user) => {
        const name = readName(body);
        // Browsers submit line breaks as CRLF.
        const text = readField(body, 'text').replaceAll('\r\n', '\n');
        return renderAfter(user, hub.prompts.add(user, { name, text }), name);
      }),
    )
    .post('/prompts/:id', ({ request, params, body }) =>
      requireUser(request, (user) =>
        renderAfter(user, hub.prompts.change(user, params.id, { name: readName(body) })),
      ),
    )
    .post('/prompts/:id/delete', ({ request, params }) =>
      requireUser(request, (user) => renderAfter(user, hub.prompts.remove(user, params.id))),
    );
}

function readName(form: unknown): string {
  return readField(form, 'name').trim().slice(0, PROMPT_NAME_LENGTH);
}

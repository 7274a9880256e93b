// The API of the user's prompts: the history of what was sent, and the saved prompts.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { PromptBody, PromptChanges } from '../../protocol/prompts.ts';
import type { Auth } from '../auth.ts';

export interface PromptApiParts {
  hub: Pick<Hub, 'prompts'>;
  auth: Auth;
}

export function createPromptApi({ hub, auth }: PromptApiParts) {
  return new Elysia({ name: 'api/prompts', prefix: '/api/v1/prompts' })
    .get('/', async ({ request }) => ({
      items: await hub.prompts.list(await auth.requireIdentity(request)),
      nextCursor: null,
    }))
    .get('/history', async ({ request }) => ({
      items: await hub.prompts.listSent(await auth.requireIdentity(request)),
      nextCursor: null,
    }))
    .post(
      '/',
      async ({ request, body, set }) => {
        const prompt = await hub.prompts.add(await auth.requireIdentity(request), body);
        set.status = 201;
        return prompt;
      },
      { body: PromptBody },
    )
    .patch(
      '/:id',
      async ({ request, params, body }) =>
        hub.prompts.change(await auth.requireIdentity(request), params.id, body),
      { body: PromptChanges },
    )
    .delete('/:id', async ({ request, params }) => {
      await hub.prompts.remove(await auth.requireIdentity(request), params.id);
      return new Response(null, { status: 204 });
    });
}

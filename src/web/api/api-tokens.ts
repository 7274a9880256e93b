// The API of the user's own API tokens, and of the token of a request.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { ApiTokenBody } from '../../protocol/tokens.ts';
import type { Auth } from '../auth.ts';

export interface ApiTokenApiParts {
  hub: Pick<Hub, 'apiTokens'>;
  auth: Auth;
}

export function createApiTokenApi({ hub, auth }: ApiTokenApiParts) {
  return new Elysia({ name: 'api/api-tokens', prefix: '/api/v1' })
    .get('/token', async ({ request }) =>
      hub.apiTokens.describe(await auth.requireIdentity(request)),
    )
    .get('/account/tokens', async ({ request }) => ({
      items: hub.apiTokens.list(await auth.requireIdentity(request)),
      nextCursor: null,
    }))
    .post(
      '/account/tokens',
      async ({ request, body, set }) => {
        const token = await hub.apiTokens.add(await auth.requireIdentity(request), body);
        set.status = 201;
        return token;
      },
      { body: ApiTokenBody },
    )
    .delete('/account/tokens/:id', async ({ request, params }) => {
      hub.apiTokens.revoke(await auth.requireIdentity(request), params.id);
      return new Response(null, { status: 204 });
    });
}

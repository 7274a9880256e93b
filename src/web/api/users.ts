// The API of users: admins manage them, and users change their own password.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { PasswordBody, type PasswordLink, UserBody, UserChanges } from '../../protocol/users.ts';
import type { Auth } from '../auth.ts';
import { createPasswordLink } from '../password-link.ts';

export interface UserApiParts {
  hub: Pick<Hub, 'accounts' | 'eraseUser'>;
  auth: Auth;
  /** The hub's URL for browsers; null to use the requested one. */
  publicUrl: string | null;
}

export function createUserApi({ hub, auth, publicUrl }: UserApiParts) {
  return new Elysia({ name: 'api/users', prefix: '/api/v1/users' })
    .get('/', async ({ request }) => ({
      items: await hub.accounts.list(await auth.requireIdentity(request)),
      nextCursor: null,
    }))
    .post(
      '/',
      async ({ request, body, set }) => {
        const user = await hub.accounts.add(await auth.requireIdentity(request), body);
        set.status = 201;
        return user;
      },
      { body: UserBody },
    )
    .patch(
      '/:username',
      async ({ request, params, body }) =>
        hub.accounts.change(await auth.requireIdentity(request), params.username, body),
      { body: UserChanges },
    )
    .delete('/:username', async ({ request, params }) => {
      await hub.accounts.remove(await auth.requireIdentity(request), params.username);
      return new Response(null, { status: 204 });
    })
    .delete('/:username/data', async ({ request, params }) => {
      await hub.eraseUser(await auth.requireIdentity(request), params.username);
      return new Response(null, { status: 204 });
    })
    .post('/:username/password-link', async ({ request, params, set }): Promise<PasswordLink> => {
      const identity = await auth.requireIdentity(request);
      const baseUrl = publicUrl ?? new URL(request.url).origin;
      set.status = 201;
      return createPasswordLink(hub, identity, params.username, baseUrl);
    });
}

export function createAccountApi({ auth }: Pick<UserApiParts, 'auth'>) {
  return new Elysia({ name: 'api/account', prefix: '/api/v1/account' }).put(
    '/password',
    async ({ request, server, body }) => {
      const identity = await auth.requireIdentity(request);
      await auth.changePassword(identity, body, auth.readClient(request, server));
      return new Response(null, { status: 204 });
    },
    { body: PasswordBody },
  );
}

// The API of sessions: sign-in, sign-out, the token for a page's socket, and the list of the user's sessions.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { SessionBody, type SessionResponse } from '../../protocol/api.ts';
import type { Auth } from '../auth.ts';
import { listSessions } from '../session-list.ts';
import type { Tokens } from '../tokens.ts';

export interface SessionApiParts {
  hub: Pick<Hub, 'sessions'>;
  auth: Auth;
  tokens: Tokens;
}

/** Sign-in, sign-out, and the token for a page's socket. */
export function createSessionApi({ auth, tokens }: SessionApiParts) {
  return new Elysia({ name: 'api/session', prefix: '/api/v1/session' })
    .post(
      '/',
      async ({ request, server, body, set }): Promise<SessionResponse> => {
        const client = auth.readClient(request, server);
        const session = await auth.signInAtOnce(body, client);
        set.headers['set-cookie'] = session.cookie;
        const { token, expiresAt, userId, role } = session;
        return { token, expiresAt, userId, role };
      },
      { body: SessionBody },
    )
    .get('/', async ({ request }): Promise<SessionResponse> => {
      const user = await auth.requireIdentity(request);
      return { ...(await tokens.issueSocket(user)), userId: user.userId, role: user.role };
    })
    .delete('/', async ({ request, set }) => {
      set.headers['set-cookie'] = await auth.signOut(request);
      return new Response(null, { status: 204 });
    });
}

/** The sessions of the user who asks. */
export function createSessionListApi({ hub, auth }: SessionApiParts) {
  return new Elysia({ name: 'api/sessions', prefix: '/api/v1/sessions' })
    .get('/', async ({ request }) => {
      const items = listSessions(hub, await auth.requireIdentity(request));
      return { items, nextCursor: null };
    })
    .delete('/', async ({ request }) => {
      const identity = await auth.requireIdentity(request);
      hub.sessions.endAll(identity, identity.userId);
      return new Response(null, { status: 204 });
    })
    .delete('/:id', async ({ request, params }) => {
      hub.sessions.end(await auth.requireIdentity(request), params.id);
      return new Response(null, { status: 204 });
    });
}

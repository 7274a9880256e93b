// Sign-in and sign-out. These are plain forms that work without scripts.
import { Elysia } from 'elysia';
import { HubError } from '../../protocol/errors.ts';
import { SignInPage } from '../../../views/pages/sign-in.tsx';
import type { SessionClient } from '../../hub/sessions.ts';
import { type Auth } from '../auth.ts';
import { retryHeaders } from '../error-response.ts';
import { readField } from './form.ts';
import { toStatus } from './guard.tsx';
import { redirect, renderDocument, toLocalPath } from './response.ts';

/** Creates the routes that do not require a session. */
export function createLoginPages(auth: Auth) {
  return new Elysia({ name: 'pages/login' })
    .get('/login', async ({ request }) => {
      const next = toLocalPath(new URL(request.url).searchParams.get('next') ?? '/', request);
      if (await auth.identify(request)) return redirect(request, next);
      return renderDocument(request, (context) => <SignInPage context={context} next={next} />);
    })
    .post('/login', ({ request, server, body }) =>
      signIn(auth, request, auth.readClient(request, server), body),
    )
    .post('/logout', async ({ request }) =>
      redirect(request, '/login', await auth.signOut(request)),
    );
}

async function signIn(
  auth: Auth,
  request: Request,
  client: SessionClient,
  form: unknown,
): Promise<Response> {
  const username = readField(form, 'username').trim();
  const next = toLocalPath(readField(form, 'next') || '/', request);
  const renderForm = (error: string, status: number, headers = {}) =>
    renderDocument(request, (context) => <SignInPage {...{ context, next, username, error }} />, {
      status,
      headers,
    });
  try {
    const session = await auth.signIn(username, readField(form, 'password'), client);
    if (session) return redirect(request, next, session.cookie);
    return renderForm('Incorrect username or password.', 401);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const status = error.code === 'unavailable' ? 503 : toStatus(error);
    return renderForm(error.message, status, retryHeaders(error.code));
  }
}

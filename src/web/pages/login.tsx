// Sign-in, sign-out and setup. These are plain forms that work without scripts.
import { Elysia } from 'elysia';
import { HubError } from '../../protocol/errors.ts';
import { PASSWORD_MIN_LENGTH } from '../../protocol/limits.ts';
import { SignInPage, UsedSetupLinkPage, SetupPage } from '../../../views/pages/sign-in.tsx';
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
    )
    .get('/setup', ({ request }) => {
      const token = new URL(request.url).searchParams.get('token') ?? '';
      return renderDocument(request, (context) =>
        auth.isSetupToken(token) ? (
          <SetupPage context={context} token={token} />
        ) : (
          <UsedSetupLinkPage context={context} />
        ),
      );
    })
    .post('/setup', ({ request, server, body }) =>
      setUp(auth, request, auth.readClient(request, server), body),
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

async function setUp(
  auth: Auth,
  request: Request,
  client: SessionClient,
  form: unknown,
): Promise<Response> {
  const token = readField(form, 'token');
  const password = readField(form, 'password');
  const renderForm = (error: string) =>
    renderDocument(request, (context) => <SetupPage {...{ context, token, error }} />, {
      status: 422,
    });
  const renderUsedLink = () =>
    renderDocument(request, (context) => <UsedSetupLinkPage context={context} />, { status: 410 });
  if (!auth.isSetupToken(token)) return renderUsedLink();
  if (password.length < PASSWORD_MIN_LENGTH) {
    return renderForm(`The password must be at least ${PASSWORD_MIN_LENGTH} characters long.`);
  }
  if (password !== readField(form, 'confirmation'))
    return renderForm('The passwords do not match.');
  try {
    const session = await auth.setUp(token, password, client);
    return session ? redirect(request, '/', session.cookie) : renderUsedLink();
  } catch (error) {
    if (error instanceof HubError) return renderForm(error.message);
    throw error;
  }
}

// Sign-in and sign-out. These are plain forms that work without scripts.
import { Elysia } from 'elysia';
import { HubError } from '../../protocol/errors.ts';
import { SignInCodePage, SignInPage } from '../../../views/pages/sign-in.tsx';
import type { SessionClient } from '../../hub/sessions.ts';
import type { Auth, SignIn } from '../auth.ts';
import { retryHeaders } from '../error-response.ts';
import { readField } from './form.ts';
import { toStatus } from './guard.tsx';
import { redirect, renderDocument, toLocalPath } from './response.ts';

const LOGIN = '/login';

interface LoginParts {
  auth: Auth;
  /** The name of the identity provider; null without single sign-on. */
  providerName: string | null;
}

/** Creates the routes that do not require a session. */
export function createLoginPages(auth: Auth, providerName: string | null) {
  const parts = { auth, providerName };
  return new Elysia({ name: 'pages/login' })
    .get('/login', async ({ request }) => {
      const { searchParams } = new URL(request.url);
      const next = toLocalPath(searchParams.get('next') ?? '/', request);
      if (await auth.identify(request)) return redirect(request, next);
      const hasAccessChanged = searchParams.get('reason') === 'access_changed';
      return renderDocument(request, (context) => (
        <SignInPage {...{ context, next, providerName, hasAccessChanged }} />
      ));
    })
    .post('/login', ({ request, server, body }) => {
      const client = auth.readClient(request, server);
      // The second step sends the token of the first one.
      return readField(body, 'token') === ''
        ? signIn(parts, request, client, body)
        : finishSignIn(parts, request, client, body);
    })
    .post('/logout', async ({ request }) =>
      redirect(request, '/login', await auth.signOut(request)),
    );
}

/** Responds to the correct password: with the session, or with the page that asks for a code. */
export function continueSignIn(request: Request, signedIn: SignIn, next: string): Response {
  if (signedIn.status === 'signed_in') return redirect(request, next, signedIn.session.cookie);
  const { token } = signedIn;
  const action = new URL(request.url).pathname === LOGIN ? undefined : LOGIN;
  return renderDocument(request, (context) => (
    <SignInCodePage {...{ context, next, token, action }} />
  ));
}

async function signIn(
  { auth, providerName }: LoginParts,
  request: Request,
  client: SessionClient,
  form: unknown,
): Promise<Response> {
  const username = readField(form, 'username').trim();
  const next = readNext(request, form);
  const renderForm = (error: string, options: { status: number }) =>
    renderDocument(
      request,
      (context) => <SignInPage {...{ context, next, providerName, username, error }} />,
      options,
    );
  try {
    const signedIn = await auth.signIn(username, readField(form, 'password'), client);
    if (signedIn) return continueSignIn(request, signedIn, next);
    return renderForm('Incorrect username or password.', { status: 401 });
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return renderForm(error.message, toResponse(error));
  }
}

async function finishSignIn(
  { auth, providerName }: LoginParts,
  request: Request,
  client: SessionClient,
  form: unknown,
): Promise<Response> {
  const token = readField(form, 'token');
  const next = readNext(request, form);
  const renderForm = (error: string, options: { status: number }) =>
    renderDocument(
      request,
      (context) => <SignInCodePage {...{ context, next, token, error }} />,
      options,
    );
  try {
    const step = await auth.finishSignIn(token, readField(form, 'code'), client);
    if (step.status === 'signed_in') return redirect(request, next, step.session.cookie);
    if (step.status === 'incorrect') return renderForm('Incorrect code.', { status: 401 });
    const error = 'This sign-in has ended. Sign in again.';
    return renderDocument(
      request,
      (context) => <SignInPage {...{ context, next, providerName, error }} />,
      {
        status: 401,
      },
    );
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return renderForm(error.message, toResponse(error));
  }
}

const readNext = (request: Request, form: unknown) =>
  toLocalPath(readField(form, 'next') || '/', request);

const toResponse = (error: HubError) => ({
  status: error.code === 'unavailable' ? 503 : toStatus(error),
  headers: retryHeaders(error.code),
});

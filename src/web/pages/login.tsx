// Coming in and going: login, logout, and the first start. Plain forms: they work before any script does.
import { Elysia } from 'elysia';
import { HubError } from '../../protocol/errors.ts';
import {
  LoginPage,
  PASSWORD_LENGTH,
  SetupOverPage,
  SetupPage,
} from '../../../views/pages/login.tsx';
import { document, localAddress, redirect } from './response.ts';
import { field } from './form.ts';
import { refusalStatus } from './guard.tsx';
import type { PageAuth } from './page-source.ts';

/** The routes that need nobody to be signed in. */
export function createDoor(auth: PageAuth) {
  return new Elysia({ name: 'pages/door' })
    .get('/login', async ({ request }) => {
      const next = localAddress(new URL(request.url).searchParams.get('next') ?? '/', request);
      if (await auth.identify(request)) return redirect(request, next);
      return document(request, (frame) => <LoginPage frame={frame} next={next} />);
    })
    .post('/login', ({ request, body }) => logIn(auth, request, body))
    .post('/logout', ({ request }) => redirect(request, '/login', auth.logOut()))
    .get('/setup', ({ request }) => {
      const token = new URL(request.url).searchParams.get('token') ?? '';
      return document(request, (frame) =>
        auth.setupPending(token) ? (
          <SetupPage frame={frame} token={token} />
        ) : (
          <SetupOverPage frame={frame} />
        ),
      );
    })
    .post('/setup', ({ request, body }) => setUp(auth, request, body));
}

async function logIn(auth: PageAuth, request: Request, form: unknown): Promise<Response> {
  const username = field(form, 'username').trim();
  const next = localAddress(field(form, 'next') || '/', request);
  const again = (refusal: string, status: number) =>
    document(request, (frame) => <LoginPage {...{ frame, next, username, refusal }} />, { status });
  try {
    const session = await auth.logIn(username, field(form, 'password'), request);
    if (session) return redirect(request, next, session.cookie);
    return again('Name or password is wrong.', 401);
  } catch (error) {
    if (error instanceof HubError) return again(error.message, refusalStatus(error));
    throw error;
  }
}

async function setUp(auth: PageAuth, request: Request, form: unknown): Promise<Response> {
  const token = field(form, 'token');
  const password = field(form, 'password');
  const again = (refusal: string) =>
    document(request, (frame) => <SetupPage {...{ frame, token, refusal }} />, { status: 422 });
  if (!auth.setupPending(token)) {
    return document(request, (frame) => <SetupOverPage frame={frame} />, { status: 410 });
  }
  if (password.length < PASSWORD_LENGTH) {
    return again(`The password needs at least ${PASSWORD_LENGTH} characters.`);
  }
  if (password !== field(form, 'again')) return again('The two passwords are not the same.');
  try {
    const session = await auth.setUp(token, password);
    if (session) return redirect(request, '/', session.cookie);
    return document(request, (frame) => <SetupOverPage frame={frame} />, { status: 410 });
  } catch (error) {
    if (error instanceof HubError) return again(error.message);
    throw error;
  }
}

// Setup, and links with which a user chooses a password. These are plain forms that work without scripts.
import { Elysia } from 'elysia';
import type { VNode } from 'preact';
import { HubError } from '../../protocol/errors.ts';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../protocol/limits.ts';
import {
  ChoosePasswordPage,
  EndedPasswordLinkPage,
  SetupPage,
  UsedSetupLinkPage,
} from '../../../views/pages/choose-password.tsx';
import type { PageContext } from '../../../views/components/layout.tsx';
import type { SessionClient } from '../../hub/sessions.ts';
import type { Auth, SignIn } from '../auth.ts';
import { readField } from './form.ts';
import { continueSignIn } from './login.tsx';
import { renderDocument } from './response.ts';

/** A kind of link: how it is checked and used, and its pages. */
interface FormFields {
  token: string;
  username: string;
  error?: string;
}

interface LinkKind {
  /** Returns the user of a link, '' for the first one; undefined if the link is not valid. */
  findUser(token: string): Promise<string | undefined>;
  /** Sets the password and begins a sign-in; returns null if the link is no longer valid. */
  use(token: string, password: string, client: SessionClient): Promise<SignIn | null>;
  renderForm(context: PageContext, fields: FormFields): VNode;
  renderInvalid(context: PageContext): VNode;
}

/** Creates the routes of password links. They do not require a session. */
export function createPasswordLinkPages(auth: Auth) {
  const setup: LinkKind = {
    findUser: (token) => Promise.resolve(auth.isSetupToken(token) ? '' : undefined),
    use: auth.setUp,
    renderForm: (context, { token, error }) => <SetupPage {...{ context, token, error }} />,
    renderInvalid: (context) => <UsedSetupLinkPage context={context} />,
  };
  const password: LinkKind = {
    findUser: auth.findLinkUser,
    use: auth.redeemLink,
    renderForm: (context, fields) => <ChoosePasswordPage context={context} {...fields} />,
    renderInvalid: (context) => <EndedPasswordLinkPage context={context} />,
  };
  return new Elysia({ name: 'pages/password-links' })
    .get('/setup', ({ request }) => show(setup, request))
    .post('/setup', ({ request, server, body }) =>
      choose(setup, request, auth.readClient(request, server), body),
    )
    .get('/password', ({ request }) => show(password, request))
    .post('/password', ({ request, server, body }) =>
      choose(password, request, auth.readClient(request, server), body),
    );
}

async function show(kind: LinkKind, request: Request): Promise<Response> {
  const token = new URL(request.url).searchParams.get('token') ?? '';
  const username = await kind.findUser(token);
  return renderDocument(request, (context) =>
    username === undefined
      ? kind.renderInvalid(context)
      : kind.renderForm(context, { token, username }),
  );
}

async function choose(
  kind: LinkKind,
  request: Request,
  client: SessionClient,
  form: unknown,
): Promise<Response> {
  const token = readField(form, 'token');
  const renderInvalid = () => renderDocument(request, kind.renderInvalid, { status: 410 });
  const username = await kind.findUser(token);
  if (username === undefined) return renderInvalid();
  const renderForm = (error: string) =>
    renderDocument(request, (context) => kind.renderForm(context, { token, username, error }), {
      status: 422,
    });
  const problem = findPasswordProblem(form);
  if (problem !== null) return renderForm(problem);
  try {
    const signIn = await kind.use(token, readField(form, 'password'), client);
    return signIn ? continueSignIn(request, signIn, '/') : renderInvalid();
  } catch (error) {
    if (error instanceof HubError) return renderForm(error.message);
    throw error;
  }
}

/** Returns why the new password in a form is not accepted; null if it is. */
export function findPasswordProblem(form: unknown): string | null {
  const password = readField(form, 'password');
  if (password.length < PASSWORD_MIN_LENGTH) {
    return `The password must be at least ${PASSWORD_MIN_LENGTH} characters long.`;
  }
  if (password.length > PASSWORD_MAX_LENGTH) {
    return `The password cannot be longer than ${PASSWORD_MAX_LENGTH} characters.`;
  }
  return password === readField(form, 'confirmation') ? null : 'The passwords do not match.';
}

// Single sign-on: redirects to the identity provider, and signs in the user who comes back.
import { randomBytes } from 'node:crypto';
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { createExpiringValues } from '../../hub/expiring-values.ts';
import type { SessionClient } from '../../hub/sessions.ts';
import type { Clock } from '../../protocol/clock.ts';
import { HubError } from '../../protocol/errors.ts';
import { PROVIDER_SIGN_IN_MS } from '../../protocol/limits.ts';
import { SignedInPage, SignInFailedPage } from '../../../views/pages/single-sign-on.tsx';
import type { Auth } from '../auth.ts';
import { retryHeaders } from '../error-response.ts';
import type { IdentityProvider, SignInChecks } from '../identity-provider.ts';
import { renderDocument, toLocalPath } from './response.ts';

/** A sign-in that has been started in a browser. */
interface StartedSignIn extends SignInChecks {
  /** The value of the browser's cookie. */
  browser: string;
  /** The path to continue to. */
  next: string;
}

export interface OidcPagesParts {
  hub: Pick<Hub, 'singleSignOn' | 'expiring'>;
  auth: Auth;
  clock: Clock;
  publicUrl: string | null;
  /** Null if single sign-on is not set up. */
  provider: IdentityProvider | null;
}

const COOKIE = 'signalbox-oidc';
const CALLBACK = '/login/oidc/callback';
const MAX_STARTED = 1_000;

const random = () => randomBytes(32).toString('base64url');

export function createOidcPages({ hub, auth, clock, publicUrl, provider }: OidcPagesParts) {
  /** By state. */
  const started = createExpiringValues<StartedSignIn>(
    { clock, expiring: hub.expiring },
    { kind: 'single-sign-on', lifetimeMs: PROVIDER_SIGN_IN_MS, max: MAX_STARTED },
  );

  /** SameSite=Lax, because the provider is another site. */
  const createCookie = (value: string, maxAgeS: number) =>
    `${COOKIE}=${value}; HttpOnly; SameSite=Lax; Path=/login/oidc; Max-Age=${maxAgeS}${auth.isSecure ? '; Secure' : ''}`;

  async function start(request: Request, client: SessionClient): Promise<Response> {
    const signIn = requireProvider(provider);
    auth.countAddress(client);
    const url = new URL(request.url);
    const flow: StartedSignIn = {
      browser: random(),
      nonce: random(),
      codeVerifier: random(),
      redirectUri: `${publicUrl ?? url.origin}${CALLBACK}`,
      next: toLocalPath(url.searchParams.get('next') ?? '/', request),
    };
    const { token: state } = await started.create(flow, flow.browser);
    const location = (await signIn.createSignInUrl(state, flow)).href;
    const cookie = createCookie(flow.browser, PROVIDER_SIGN_IN_MS / 1_000);
    return new Response(null, {
      status: 303,
      headers: { location, 'set-cookie': cookie, 'cache-control': 'no-store' },
    });
  }

  async function finish(request: Request, client: SessionClient): Promise<Response> {
    const signIn = requireProvider(provider);
    const { search, searchParams } = new URL(request.url);
    const state = searchParams.get('state') ?? '';
    const flow = await started.take(state);
    const cookies = new Bun.CookieMap(request.headers.get('cookie') ?? '');
    if (!flow || cookies.get(COOKIE) !== flow.browser) {
      throw new HubError(
        'not_authenticated',
        'This sign-in has expired, was already used, or was started in another browser.',
      );
    }
    const user = await signIn.readUser(search, state, flow);
    const session = await auth.startSession(
      await hub.singleSignOn.signIn(user, signIn.rules, client.address),
      client,
    );
    // A redirect would still count as coming from the provider's site, and the browser would not send the cookie.
    const { next } = flow;
    const response = renderDocument(request, (context) => <SignedInPage {...{ context, next }} />);
    response.headers.append('set-cookie', session.cookie);
    response.headers.append('set-cookie', createCookie('', 0));
    return response;
  }

  async function orError(request: Request, handle: () => Promise<Response>): Promise<Response> {
    try {
      return await handle();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const { code, message } = error;
      const status = statuses[code] ?? 400;
      return renderDocument(request, (context) => <SignInFailedPage {...{ context, message }} />, {
        status,
        headers: retryHeaders(code),
      });
    }
  }

  return new Elysia({ name: 'pages/oidc' })
    .get('/login/oidc', ({ request, server }) =>
      orError(request, () => start(request, auth.readClient(request, server))),
    )
    .get(CALLBACK, ({ request, server }) =>
      orError(request, () => finish(request, auth.readClient(request, server))),
    );
}

const statuses: Partial<Record<HubError['code'], number>> = {
  forbidden: 403,
  not_found: 404,
  rate_limited: 429,
  unavailable: 503,
};

/** @throws {HubError} not_found */
function requireProvider(provider: IdentityProvider | null): IdentityProvider {
  if (provider) return provider;
  throw new HubError('not_found', 'Single sign-on is not set up on this hub.');
}

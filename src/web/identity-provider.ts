// An OpenID Connect provider: the authorization code flow with PKCE, state and nonce. openid-client discovers the
// provider's endpoints and validates its responses.
import * as oidc from 'openid-client';
import type { Log } from '../hub/log.ts';
import type { ProviderUser, RoleRules } from '../hub/single-sign-on.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { MAX_PROVIDER_RESPONSE_BYTES, PROVIDER_TIMEOUT_MS } from '../protocol/limits.ts';

export interface IdentityProviderSettings extends RoleRules {
  /** An https URL, or an http URL of this machine. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** For people, such as `Company SSO`. */
  name: string;
  /** The claim with the groups of a user. */
  groupsClaim: string;
}

/** What must be the same at the start and the end of a sign-in. */
export interface SignInChecks {
  nonce: string;
  codeVerifier: string;
  redirectUri: string;
}

export type IdentityProvider = ReturnType<typeof createIdentityProvider>;

/** Seconds by which the provider's clock may differ. */
const CLOCK_TOLERANCE_S = 30;
const SCOPES = ['openid', 'profile', 'email', 'groups'];

/** Creates a client of a provider. It is contacted when somebody signs in, so that the hub starts without it. */
export function createIdentityProvider(
  settings: IdentityProviderSettings,
  { clock, log }: { clock: Clock; log: Log },
) {
  const { issuer, clientId, clientSecret, name, groupsClaim } = settings;
  let discovered: Promise<oidc.Configuration> | null = null;

  /** Like `fetch`, but with a time limit for the whole response. */
  const fetchInTime: oidc.CustomFetch = async (url, { body, ...options }) => {
    const controller = new AbortController();
    const cancel = clock.after(PROVIDER_TIMEOUT_MS, () => controller.abort());
    try {
      const init = { ...options, body: body ?? null, signal: controller.signal };
      const response = await fetch(url, init as RequestInit);
      const content = await readBody(response);
      const { status, headers } = response;
      return new Response(content.byteLength === 0 ? null : content, { status, headers });
    } catch (error) {
      log.warn('The identity provider does not respond.', { url, error: String(error) });
      throw new HubError('unavailable', `${name} does not respond. Try again later.`);
    } finally {
      cancel();
    }
  };

  const authenticate: oidc.ClientAuth = (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const isBasic = methods.includes('client_secret_basic');
    const method = isBasic ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
    return method(clientSecret)(server, client, body, headers);
  };

  async function discover(): Promise<oidc.Configuration> {
    try {
      return await oidc.discovery(
        new URL(issuer),
        clientId,
        { [oidc.clockTolerance]: CLOCK_TOLERANCE_S },
        authenticate,
        {
          [oidc.customFetch]: fetchInTime,
          execute: [
            // Without it, the signature of an ID token is not checked.
            oidc.enableNonRepudiationChecks,
            ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
          ],
        },
      );
    } catch (error) {
      discovered = null;
      log.warn('Cannot discover the identity provider.', { issuer, error: describe(error) });
      throw new HubError('unavailable', `${name} cannot be reached. Try again later.`);
    }
  }

  function configuration(): Promise<oidc.Configuration> {
    discovered ??= discover();
    return discovered;
  }

  return {
    name,
    rules: settings,
    /**
     * Returns the URL at which a user signs in.
     * @throws {HubError} unavailable
     */
    async createSignInUrl(state: string, checks: SignInChecks): Promise<URL> {
      const config = await configuration();
      const { scopes_supported: supported, authorization_endpoint } = config.serverMetadata();
      const parameters = {
        redirect_uri: checks.redirectUri,
        // Some providers reject scopes that they do not know, others need `groups`.
        scope: SCOPES.filter((scope) => supported?.includes(scope) ?? scope !== 'groups').join(' '),
        state,
        nonce: checks.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(checks.codeVerifier),
        code_challenge_method: 'S256',
      };
      try {
        return oidc.buildAuthorizationUrl(config, parameters);
      } catch (error) {
        const cause = describe(error);
        log.warn('Cannot use the identity provider.', { authorization_endpoint, error: cause });
        throw new HubError('unavailable', `${name} is not configured correctly.`);
      }
    },
    /**
     * Returns the user whom the provider has signed in.
     * @param search the query of the URL to which the provider redirected
     * @throws {HubError} not_authenticated, unavailable
     */
    async readUser(search: string, state: string, checks: SignInChecks): Promise<ProviderUser> {
      const config = await configuration();
      try {
        const tokens = await oidc.authorizationCodeGrant(
          config,
          new URL(search, checks.redirectUri),
          {
            pkceCodeVerifier: checks.codeVerifier,
            expectedState: state,
            expectedNonce: checks.nonce,
            idTokenExpected: true,
          },
        );
        const claims = tokens.claims();
        if (!claims) throw new Error('The response has no ID token.');
        const info = config.serverMetadata().userinfo_endpoint
          ? await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
          : {};
        const all: Record<string, unknown> = { ...info, ...claims };
        return {
          issuer: claims.iss,
          subject: claims.sub,
          username: readUsername(all),
          groups: readGroups(all[groupsClaim]),
        };
      } catch (error) {
        const cause = findHubError(error);
        if (cause) throw cause;
        log.warn('The identity provider did not sign a user in.', { error: describe(error) });
        throw new HubError('not_authenticated', `${name} did not sign you in. Try again.`);
      }
    },
  };
}

/** The preferred username or the email address, unless the address is not verified. */
function readUsername(claims: Record<string, unknown>): string {
  const { preferred_username: preferred, email, email_verified: isVerified } = claims;
  if (typeof preferred === 'string' && preferred !== '') return preferred.toLowerCase();
  return typeof email === 'string' && isVerified !== false ? email.toLowerCase() : '';
}

/** Some providers send a single group as a string. */
function readGroups(claim: unknown): string[] {
  const groups: unknown[] = Array.isArray(claim) ? claim : [claim];
  return groups.filter((group) => typeof group === 'string');
}

/** openid-client wraps the errors of `fetch`. */
function findHubError(error: unknown): HubError | null {
  if (error instanceof HubError) return error;
  return error instanceof Error && error.cause !== undefined ? findHubError(error.cause) : null;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}

/** Reads a response. @throws if it is larger than the limit */
async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_PROVIDER_RESPONSE_BYTES) throw new Error('The response is too large.');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

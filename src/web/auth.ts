// Authentication: sign-in, session cookies, bearer tokens, and the setup link that creates the first account.
import { timingSafeEqual } from 'node:crypto';
import type { Server } from 'bun';
import type { Hub } from '../hub/hub.ts';
import type { SessionClient } from '../hub/sessions.ts';
import type { Actor, Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { PASSWORD_MAX_LENGTH, USERNAME_LENGTH } from '../protocol/limits.ts';
import type { PasswordBody } from '../protocol/users.ts';
import type { ClientAddress } from './client-address.ts';
import { createRejectedSignIns } from './rejected-sign-ins.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import type { IssuedToken, Tokens } from './tokens.ts';

const COOKIE = 'signalbox';

export interface SignedInSession extends Identity, IssuedToken {
  /** The `Set-Cookie` header that stores the session. */
  cookie: string;
}

export interface AuthOptions {
  hub: Pick<Hub, 'accounts' | 'sessions' | 'audit'>;
  tokens: Tokens;
  clock: Clock;
  /** Whether browsers reach the hub over HTTPS only. */
  isSecure: boolean;
  /** The token of the setup link; null if an account exists. */
  setupToken: string | null;
  clientAddress: ClientAddress;
}

export type Auth = ReturnType<typeof createAuth>;

/** Creates the authentication of the API and the pages. Attempt counters and the setup token are kept in memory. */
export function createAuth({
  hub,
  tokens,
  clock,
  isSecure,
  setupToken,
  clientAddress,
}: AuthOptions) {
  const { accounts, sessions } = hub;
  const countRejected = createRejectedSignIns(hub.audit, clock);
  const limits = createSignInLimits(clock, countRejected);
  let pendingSetup = setupToken;

  function createCookie(value: string, maxAge: number): string {
    const flags = `HttpOnly; SameSite=Strict; Path=/; Max-Age=${maxAge}`;
    return `${COOKIE}=${value}; ${flags}${isSecure ? '; Secure' : ''}`;
  }

  async function startSession(actor: Actor, client: SessionClient): Promise<SignedInSession> {
    const identity = await sessions.start(actor, client);
    const issued = await tokens.issueSession(identity);
    const maxAge = Math.floor((issued.expiresAt - clock.now()) / 1000);
    return { ...identity, ...issued, cookie: createCookie(issued.token, maxAge) };
  }

  function isSetupToken(token: string): boolean {
    if (pendingSetup === null || token.length !== pendingSetup.length) return false;
    return timingSafeEqual(Buffer.from(token), Buffer.from(pendingSetup));
  }

  const identities = new WeakMap<Request, Promise<Identity | null>>();

  /** Returns the user of the request's bearer token or session cookie; null if there is no valid one. */
  async function identify(request: Request): Promise<Identity | null> {
    const token = readToken(request);
    if (!token) return null;
    const identity = identities.get(request) ?? tokens.verify(token, ['session']);
    identities.set(request, identity);
    return identity;
  }

  return {
    identify,
    /** Returns where a request comes from. */
    readClient: (request: Request, server: Server<unknown> | null): SessionClient => ({
      address: clientAddress(request, server),
      userAgent: request.headers.get('user-agent'),
    }),
    /**
     * Like `identify`, but throws if there is no user.
     * @throws {HubError} not_authenticated
     */
    async requireIdentity(request: Request): Promise<Identity> {
      const identity = await identify(request);
      if (identity) return identity;
      const message = readToken(request)
        ? 'Your session has expired. Sign in again.'
        : 'Authentication required. Sign in, or send a token.';
      throw new HubError('not_authenticated', message);
    },
    /**
     * Starts a session; returns null if the username or password is incorrect.
     * @throws {HubError} rate_limited, unavailable
     */
    async signIn(
      username: string,
      password: string,
      client: SessionClient,
    ): Promise<SignedInSession | null> {
      // Longer ones do not exist. They are rejected before anything is stored or hashed.
      const isTooLong = username.length > USERNAME_LENGTH || password.length > PASSWORD_MAX_LENGTH;
      if (isTooLong) {
        countRejected(client.address);
        return null;
      }
      limits.countAttempt(client.address, username);
      const actor = await accounts.authenticate(username, password, client.address);
      if (!actor) return null;
      limits.clear(client.address, username);
      return startSession(actor, client);
    },
    /** The user of a password link; undefined if it is invalid, used or expired. */
    findLinkUser: accounts.findLinkUser,
    /**
     * Sets the password of a link's user and starts a session; returns null if the link is not valid.
     * @throws {HubError} unavailable
     */
    async redeemLink(
      token: string,
      password: string,
      client: SessionClient,
    ): Promise<SignedInSession | null> {
      const actor = await accounts.redeemLink(token, password, client.address);
      return actor && startSession(actor, client);
    },
    /**
     * Changes the user's own password, which ends the user's other sessions.
     * @throws {HubError} forbidden if the current password is incorrect; rate_limited, unavailable
     */
    async changePassword(
      identity: Identity,
      body: PasswordBody,
      { address }: SessionClient,
    ): Promise<void> {
      limits.countAttempt(address, identity.userId);
      if (!(await accounts.changePassword(identity, body))) {
        throw new HubError('forbidden', 'The current password is incorrect.');
      }
      limits.clear(address, identity.userId);
    },
    /** Ends the session of a request. Returns the `Set-Cookie` header that removes it from the browser. */
    async signOut(request: Request): Promise<string> {
      const identity = await identify(request);
      if (identity) sessions.end(identity, identity.sessionId);
      return createCookie('', 0);
    },
    /** Whether a setup link with this token is valid. */
    isSetupToken,
    /**
     * Creates the first admin account and starts its session; returns null if the token is invalid or already used.
     * @throws if the account cannot be stored; the token remains valid
     */
    async setUp(
      token: string,
      password: string,
      client: SessionClient,
    ): Promise<SignedInSession | null> {
      if (!isSetupToken(token)) return null;
      pendingSetup = null;
      try {
        const creator = { userId: null, address: client.address };
        return await startSession(await accounts.createFirstAdmin(password, creator), client);
      } catch (error) {
        pendingSetup = token;
        throw error;
      }
    },
  };
}

/** Returns the token in `Authorization: Bearer`. */
export function readBearerToken(request: Request): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
}

/** Returns the bearer token or, without one, the session cookie. */
function readToken(request: Request): string | null {
  const cookies = new Bun.CookieMap(request.headers.get('cookie') ?? '');
  return readBearerToken(request) ?? cookies.get(COOKIE);
}

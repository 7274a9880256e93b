// Authentication: sign-in, session cookies, bearer tokens, and the setup link that creates the first account.
import { timingSafeEqual } from 'node:crypto';
import type { Server } from 'bun';
import type { Hub } from '../hub/hub.ts';
import type { AuthenticatedUser } from '../hub/accounts.ts';
import { createRejectedAttempts } from '../hub/rejected-attempts.ts';
import type { SessionClient } from '../hub/sessions.ts';
import type { Actor, Identity } from '../hub/state/dashboard.ts';
import type { SessionBody } from '../protocol/api.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { PASSWORD_MAX_LENGTH, USERNAME_LENGTH } from '../protocol/limits.ts';
import type { PasswordBody } from '../protocol/users.ts';
import type { ClientAddress } from './client-address.ts';
import {
  createSessionCookie,
  readToken,
  describeRejection,
  isApiToken,
  readBearerToken,
} from './request-token.ts';
import { createSignInLimits } from './sign-in-limits.ts';
import type { IssuedToken, Tokens } from './tokens.ts';

export interface SignedInSession extends Identity, IssuedToken {
  /** The `Set-Cookie` header that stores the session. */
  cookie: string;
}

/** A sign-in with the correct password. With two-factor sign-in, a code must follow, with this token. */
export type SignIn =
  | { status: 'signed_in'; session: SignedInSession }
  | { status: 'code_required'; token: string };

/** The second step of a sign-in. It ends after 5 minutes, and after too many incorrect codes. */
export type SecondStep =
  | { status: 'signed_in'; session: SignedInSession }
  | { status: 'incorrect' }
  | { status: 'ended' };

export interface AuthOptions {
  hub: Pick<Hub, 'accounts' | 'apiTokens' | 'sessions' | 'twoFactor' | 'audit'>;
  tokens: Tokens;
  clock: Clock;
  /** Whether browsers reach the hub over HTTPS only. */
  isSecure: boolean;
  /** The token of the setup link; null if an account exists. */
  setupToken: string | null;
  clientAddress: ClientAddress;
}

/** A sign-in that was rejected without a check of the password. */
interface RejectedSignIn {
  address: string | null;
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
  const { accounts, apiTokens, sessions, twoFactor, audit } = hub;
  const countAttempt = createRejectedAttempts<RejectedSignIn>(
    clock,
    { address: null },
    recordRejected,
  );
  const countRejected = (address: string | null) => countAttempt({ address });
  const limits = createSignInLimits(clock, countRejected);
  let pendingSetup = setupToken;

  const createCookie = (value: string, maxAgeS: number) =>
    createSessionCookie(value, { maxAgeS, isSecure });

  function recordRejected({ address }: RejectedSignIn, rejected: number) {
    audit.recordFailure(
      { userId: null, address },
      { action: 'session.failed', detail: { rejected } },
    );
  }

  async function startSession(actor: Actor, client: SessionClient): Promise<SignedInSession> {
    const identity = await sessions.start(actor, client);
    const issued = await tokens.issueSession(identity);
    const maxAge = Math.floor((issued.expiresAt - clock.now()) / 1000);
    return { ...identity, ...issued, cookie: createCookie(issued.token, maxAge) };
  }

  /** Starts a session, unless the user must enter a code first. */
  async function continueSignIn(user: AuthenticatedUser, client: SessionClient): Promise<SignIn> {
    if (user.hasTwoFactor) {
      return { status: 'code_required', token: await twoFactor.beginSecondStep(user.userId) };
    }
    limits.clear(client.address, user.userId);
    return { status: 'signed_in', session: await startSession(user, client) };
  }

  const recordWrongCode = (userId: string, { address }: SessionClient) =>
    audit.recordFailure(
      { userId, address },
      { action: 'session.failed', detail: { step: 'code' } },
    );

  /** Returns the user of a sign-in with the correct password; null if it is incorrect. */
  async function authenticate(
    username: string,
    password: string,
    client: SessionClient,
  ): Promise<AuthenticatedUser | null> {
    // Longer ones do not exist. They are rejected before anything is stored or hashed.
    const isTooLong = username.length > USERNAME_LENGTH || password.length > PASSWORD_MAX_LENGTH;
    if (isTooLong) {
      countRejected(client.address);
      return null;
    }
    limits.countAttempt(client.address, username);
    return accounts.authenticate(username, password, client.address);
  }

  function isSetupToken(token: string): boolean {
    if (pendingSetup === null || token.length !== pendingSetup.length) return false;
    return timingSafeEqual(Buffer.from(token), Buffer.from(pendingSetup));
  }

  const identities = new WeakMap<Request, Promise<Identity | null>>();

  async function readIdentity(
    request: Request,
    server: Server<unknown> | null,
  ): Promise<Identity | null> {
    const token = readToken(request);
    if (!token) return null;
    if (!isApiToken(token)) return tokens.verify(token, ['session']);
    // Pages are for people, who sign in. A token in a cookie would be sent by websites, too.
    const isAccepted = token === readBearerToken(request) && !isPage(request);
    return isAccepted ? apiTokens.use(token, clientAddress(request, server)) : null;
  }

  /**
   * Returns the user of the request's bearer token or session cookie; null if there is no valid one.
   * @param server needed by the first call for a request, to record the address of an API token
   */
  async function identify(
    request: Request,
    server: Server<unknown> | null = null,
  ): Promise<Identity | null> {
    // The token may have been revoked, and the session may have ended, before the request's body arrived.
    if (isApiToken(readToken(request) ?? '')) return readIdentity(request, server);
    const verified = identities.get(request) ?? readIdentity(request, server);
    identities.set(request, verified);
    const identity = await verified;
    return identity && sessions.use(identity.sessionId);
  }

  return {
    isSecure,
    identify,
    /**
     * Starts a session for a user who has been authenticated.
     * @throws {HubError} unavailable
     */
    startSession,
    /**
     * Counts a sign-in attempt of an address, whatever the username.
     * @throws {HubError} rate_limited
     */
    countAddress: ({ address }: SessionClient) => limits.countAddress(address),
    /** Returns where a request comes from. */
    readClient: (request: Request, server: Server<unknown> | null): SessionClient => ({
      address: clientAddress(request, server),
      userAgent: request.headers.get('user-agent'),
    }),
    /**
     * Like `identify`, but throws if there is no user.
     * @throws {HubError} not_authenticated
     */
    async requireIdentity(
      request: Request,
      server: Server<unknown> | null = null,
    ): Promise<Identity> {
      const identity = await identify(request, server);
      if (identity) return identity;
      throw new HubError('not_authenticated', describeRejection(readToken(request)));
    },
    /**
     * Begins a sign-in; returns null if the username or password is incorrect.
     * @throws {HubError} rate_limited, unavailable
     */
    async signIn(
      username: string,
      password: string,
      client: SessionClient,
    ): Promise<SignIn | null> {
      const user = await authenticate(username, password, client);
      return user && continueSignIn(user, client);
    },
    /**
     * Finishes a sign-in with a code.
     * @param token from `signIn`
     * @throws {HubError} rate_limited, unavailable
     */
    async finishSignIn(token: string, code: string, client: SessionClient): Promise<SecondStep> {
      const username = await twoFactor.findSecondStepUser(token);
      if (username === undefined) return { status: 'ended' };
      limits.countAttempt(client.address, username);
      limits.countCode(client.address, username);
      const actor = await twoFactor.finishSecondStep(token, code);
      if (actor) {
        limits.clear(client.address, username);
        return { status: 'signed_in', session: await startSession(actor, client) };
      }
      recordWrongCode(username, client);
      const hasEnded = (await twoFactor.findSecondStepUser(token)) === undefined;
      return { status: hasEnded ? 'ended' : 'incorrect' };
    },
    /**
     * Signs in with password and code in one step.
     * @throws {HubError} not_authenticated, code_required, rate_limited, unavailable
     */
    async signInAtOnce(
      { username, password, code }: SessionBody,
      client: SessionClient,
    ): Promise<SignedInSession> {
      const user = await authenticate(username, password, client);
      if (!user) throw new HubError('not_authenticated', 'Incorrect username or password.');
      if (user.hasTwoFactor) {
        if (code === undefined) {
          throw new HubError('code_required', 'Enter the code from your authenticator app.');
        }
        limits.countCode(client.address, username);
        if (!(await twoFactor.verify(username, code))) {
          recordWrongCode(username, client);
          throw new HubError('not_authenticated', 'Incorrect code.');
        }
      }
      limits.clear(client.address, username);
      return startSession(user, client);
    },
    /** The user of a password link; undefined if it is invalid, used or expired. */
    findLinkUser: accounts.findLinkUser,
    /**
     * Sets the password of a link's user and begins a sign-in; returns null if the link is not valid.
     * @throws {HubError} unavailable
     */
    async redeemLink(
      token: string,
      password: string,
      client: SessionClient,
    ): Promise<SignIn | null> {
      const user = await accounts.redeemLink(token, password, client.address);
      return user && continueSignIn(user, client);
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
    /**
     * Turns the user's own two-factor sign-in off.
     * @throws {HubError} forbidden if the current password or the code is incorrect; rate_limited, unavailable
     */
    async turnOffTwoFactor(
      identity: Identity,
      password: string,
      code: string,
      { address }: SessionClient,
    ): Promise<void> {
      limits.countAttempt(address, identity.userId);
      if (!(await accounts.turnOffTwoFactor(identity, password, code))) {
        throw new HubError('forbidden', 'The current password or the code is incorrect.');
      }
      limits.clear(address, identity.userId);
    },
    /** Ends the session of a request. Returns the `Set-Cookie` header that removes it from the browser. */
    async signOut(request: Request): Promise<string> {
      const identity = await identify(request);
      const hasSession = identity !== null && identity.apiTokenId === undefined;
      if (hasSession) sessions.end(identity, identity.sessionId);
      return createCookie('', 0);
    },
    /** Whether a setup link with this token is valid. */
    isSetupToken,
    /**
     * Creates the first admin account and starts its session; returns null if the token is invalid or already used.
     * @throws if the account cannot be stored; the token remains valid
     */
    async setUp(token: string, password: string, client: SessionClient): Promise<SignIn | null> {
      if (!isSetupToken(token)) return null;
      pendingSetup = null;
      try {
        const creator = { userId: null, address: client.address };
        const admin = await accounts.createFirstAdmin(password, creator);
        return { status: 'signed_in', session: await startSession(admin, client) };
      } catch (error) {
        pendingSetup = token;
        throw error;
      }
    },
  };
}

const isPage = (request: Request): boolean =>
  !/^\/(?:api|ws)\//.test(new URL(request.url).pathname);

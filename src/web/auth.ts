// Coming in: passwords to sessions, cookies and bearer tokens to people, and the link of the first start.
import { timingSafeEqual } from 'node:crypto';
import type { Identity } from '../hub/state/dashboard.ts';
import type { Hub } from '../hub/hub.ts';
import { createTokenBucket } from '../hub/rate-limit.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import type { Issued, Tokens } from './tokens.ts';

const COOKIE = 'signalbox';
/** Wrong passwords for one name: five at once, then one every 30 s. */
const LOGIN_RATE = { perSecond: 1 / 30, burst: 5 };
/** Names whose attempts are counted at the same time. */
const COUNTED_NAMES = 10_000;

export interface Session extends Identity, Issued {
  /** The Set-Cookie that keeps it. */
  cookie: string;
}

function bearer(request: Request): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
}

export type Auth = ReturnType<typeof createAuth>;

export interface AuthOptions {
  accounts: Hub['accounts'];
  tokens: Tokens;
  clock: Clock;
  /** Whether browsers reach the hub by https only. */
  secure: boolean;
  /** The token of the setup link; null once there is an account. */
  setupToken: string | null;
}

export function createAuth({ accounts, tokens, clock, secure, setupToken }: AuthOptions) {
  const attempts = new Map<string, ReturnType<typeof createTokenBucket>>();
  let pendingSetup = setupToken;

  function cookie(value: string, seconds: number): string {
    const flags = `HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}`;
    return `${COOKIE}=${value}; ${flags}${secure ? '; Secure' : ''}`;
  }

  async function openSession(actor: Pick<Identity, 'userId' | 'role'>): Promise<Session> {
    const issued = await tokens.issueSession(actor);
    const seconds = Math.floor((issued.expiresAt - clock.now()) / 1000);
    return { ...actor, ...issued, cookie: cookie(issued.token, seconds) };
  }

  function countAttempt(username: string) {
    const bucket = attempts.get(username) ?? createTokenBucket(clock, LOGIN_RATE);
    attempts.delete(username);
    attempts.set(username, bucket);
    const [oldest] = attempts.keys();
    if (attempts.size > COUNTED_NAMES && oldest !== undefined) attempts.delete(oldest);
    if (bucket()) return;
    throw new HubError('rate_limited', 'Too many attempts: wait half a minute, then try again.');
  }

  return {
    /** The token in `Authorization: Bearer`, if there is one. */
    bearer,
    /** Who asks: by `Authorization: Bearer`, or by the cookie. */
    identify(request: Request): Promise<Identity | null> {
      const token =
        bearer(request) ?? new Bun.CookieMap(request.headers.get('cookie') ?? '').get(COOKIE);
      return token ? tokens.read(token, ['session']) : Promise.resolve(null);
    },
    /**
     * The same, where nobody else may pass.
     * @throws {HubError} not_authenticated
     */
    async require(request: Request): Promise<Identity> {
      const who = await this.identify(request);
      if (who) return who;
      throw new HubError('not_authenticated', 'Log in first, or send a token that is still good.');
    },
    /** Opens a session; null where name or password is wrong. @throws {HubError} rate_limited */
    async logIn(username: string, password: string): Promise<Session | null> {
      countAttempt(username);
      const actor = await accounts.authenticate(username, password);
      if (!actor) return null;
      attempts.delete(username);
      return openSession(actor);
    },
    /** The Set-Cookie that ends the session in this browser. */
    logOut: () => cookie('', 0),
    /** Whether a setup link with this token is still good. */
    setupPending(token: string): boolean {
      if (pendingSetup === null || token.length !== pendingSetup.length) return false;
      return timingSafeEqual(Buffer.from(token), Buffer.from(pendingSetup));
    },
    /** Makes the first admin; null where the token is not, or no longer, good. */
    async setUp(token: string, password: string): Promise<Session | null> {
      if (!this.setupPending(token)) return null;
      pendingSetup = null;
      try {
        return await openSession(await accounts.createFirstAdmin(password));
      } catch (error) {
        pendingSetup = token;
        throw error;
      }
    },
    /** Whether requests that prove nothing but come with our cookie are at stake: used by the origin check. */
    hasCookie: (request: Request) =>
      new Bun.CookieMap(request.headers.get('cookie') ?? '').has(COOKIE),
  };
}

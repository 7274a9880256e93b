// Issues and verifies the JWTs of sessions and dashboard sockets. They always expire.
import { jwt } from '@elysiajs/jwt';
import { Value } from '@sinclair/typebox/value';
import { type Static, Type } from '@sinclair/typebox';
import type { Actor, Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import { Role } from '../protocol/entities.ts';

const SESSION_MS = 12 * 3_600_000;
/** How long a page may take to open its socket. */
const SOCKET_TOKEN_MS = 5 * 60_000;

/** `session` tokens are accepted everywhere, `socket` tokens only by `/ws/dashboard`. */
type TokenUse = 'session' | 'socket';

const Claims = Type.Object({
  sub: Type.String(),
  role: Role,
  use: Type.Union([Type.Literal('session'), Type.Literal('socket')]),
  /** When the session expires, in Unix milliseconds. */
  until: Type.Integer(),
});
type Claims = Static<typeof Claims>;

export interface IssuedToken {
  token: string;
  /** Unix milliseconds. */
  expiresAt: number;
}

export type Tokens = ReturnType<typeof createTokens>;

/** Creates the issuer and verifier of tokens, signed with HS256. */
export function createTokens(secret: string, clock: Clock) {
  const signer = jwt({ name: 'jwt', secret, alg: 'HS256' }).decorator.jwt;

  async function issue(
    { userId, role }: Actor,
    use: TokenUse,
    expiresAt: number,
    until: number,
  ): Promise<IssuedToken> {
    const claims: Claims = { sub: userId, role, use, until };
    const token = await signer.sign({ ...claims, exp: Math.floor(expiresAt / 1000) });
    return { token, expiresAt };
  }

  return {
    /** Issues a session token, valid for 12 hours. */
    issueSession(actor: Actor): Promise<IssuedToken> {
      const expiresAt = clock.now() + SESSION_MS;
      return issue(actor, 'session', expiresAt, expiresAt);
    },
    /** Issues a token to open a socket, valid for 5 minutes. The socket stays open until the session expires. */
    issueSocket(identity: Identity): Promise<IssuedToken> {
      const expiresAt = Math.min(clock.now() + SOCKET_TOKEN_MS, identity.expiresAt);
      return issue(identity, 'socket', expiresAt, identity.expiresAt);
    },
    /** Returns the user and when the session expires; null if the token is invalid, expired or not for these uses. */
    async verify(token: string, uses: readonly TokenUse[]): Promise<Identity | null> {
      const claims = await signer.verify(token, {
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
      if (claims === false || !Value.Check(Claims, claims) || !uses.includes(claims.use))
        return null;
      return { userId: claims.sub, role: claims.role, expiresAt: claims.until };
    },
  };
}

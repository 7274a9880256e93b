// Proofs of who somebody is: JWTs, signed with the hub's own secret, always with an end.
import { jwt } from '@elysiajs/jwt';
import { Value } from '@sinclair/typebox/value';
import { type Static, Type } from '@sinclair/typebox';
import type { Actor, Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import { Role } from '../protocol/entities.ts';

/** How long somebody stays logged in, in milliseconds. */
const SESSION_MS = 12 * 3_600_000;
/** How long a page may take to open its socket. */
const SOCKET_MS = 5 * 60_000;

/** `session` opens everything; `socket` opens a dashboard's socket, which then lasts as long as the session. */
type Use = 'session' | 'socket';

const Claims = Type.Object({
  sub: Type.String(),
  role: Role,
  use: Type.Union([Type.Literal('session'), Type.Literal('socket')]),
  /** When the session ends, Unix milliseconds. */
  until: Type.Integer(),
});
type Claims = Static<typeof Claims>;

/** A token, and when it ends, Unix milliseconds. */
export interface Issued {
  token: string;
  expiresAt: number;
}

export type Tokens = ReturnType<typeof createTokens>;

/** Makes the issuer and reader of tokens. HS256, by @elysiajs/jwt. */
export function createTokens(secret: string, clock: Clock) {
  const signer = jwt({ name: 'jwt', secret, alg: 'HS256' }).decorator.jwt;

  async function issue(actor: Actor, use: Use, expiresAt: number, until: number): Promise<Issued> {
    const claims: Claims = { sub: actor.userId, role: actor.role, use, until };
    const token = await signer.sign({ ...claims, exp: Math.floor(expiresAt / 1000) });
    return { token, expiresAt };
  }

  return {
    /** A token for a whole session, 12 hours. */
    issueSession(actor: Actor): Promise<Issued> {
      const expiresAt = clock.now() + SESSION_MS;
      return issue(actor, 'session', expiresAt, expiresAt);
    },
    /** A token for a page's socket, 5 minutes; what it opens lasts as long as the session. */
    issueSocket(identity: Identity): Promise<Issued> {
      const expiresAt = Math.min(clock.now() + SOCKET_MS, identity.expiresAt);
      return issue(identity, 'socket', expiresAt, identity.expiresAt);
    },
    /** Whom a token proves, and until when; null where it proves nobody for such a use. */
    async read(token: string, uses: readonly Use[]): Promise<Identity | null> {
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

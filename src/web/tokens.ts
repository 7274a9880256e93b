// Issues and verifies the JWTs of sessions and dashboard sockets. They expire, or end with their session.
import { jwt } from '@elysiajs/jwt';
import { Value } from '@sinclair/typebox/value';
import { type Static, Type } from '@sinclair/typebox';
import type { Sessions } from '../hub/sessions.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { Clock } from '../protocol/clock.ts';
import type { SigningKey, SigningKeys } from './signing-keys.ts';

/** How long a page may take to open its socket. */
const SOCKET_TOKEN_MS = 5 * 60_000;

/** `session` tokens are accepted everywhere, `socket` tokens only by `/ws/dashboard`. */
type TokenUse = 'session' | 'socket';

const Claims = Type.Object({
  sub: Type.String(),
  /** The ID of the session. */
  sid: Type.String(),
  use: Type.Union([Type.Literal('session'), Type.Literal('socket')]),
});
type Claims = Static<typeof Claims>;

/** The part of a token that names its key. */
const Header = Type.Object({ kid: Type.Optional(Type.String()) });

export interface IssuedToken {
  token: string;
  /** Unix milliseconds. */
  expiresAt: number;
}

export type Tokens = ReturnType<typeof createTokens>;

const createSigner = ({ id, secret }: SigningKey) =>
  jwt({ name: 'jwt', secret, alg: 'HS256', kid: id }).decorator.jwt;
type Signer = ReturnType<typeof createSigner>;

/** Creates the issuer and verifier of tokens, signed with HS256. */
export function createTokens(keys: SigningKeys, clock: Clock, sessions: Pick<Sessions, 'use'>) {
  const signers = new WeakMap<SigningKey, Signer>();

  function signerOf(key: SigningKey): Signer {
    const signer = signers.get(key) ?? createSigner(key);
    signers.set(key, signer);
    return signer;
  }

  async function issue(
    { userId, sessionId }: Identity,
    use: TokenUse,
    expiresAt: number,
  ): Promise<IssuedToken> {
    const claims: Claims = { sub: userId, sid: sessionId, use };
    const token = await signerOf(keys.current()).sign({
      ...claims,
      exp: Math.floor(expiresAt / 1000),
    });
    return { token, expiresAt };
  }

  return {
    /** Issues the token of a session, valid as long as the session. */
    issueSession: (identity: Identity) => issue(identity, 'session', identity.expiresAt),
    /** Issues a token to open a socket, valid for 5 minutes. The socket stays open until the session expires. */
    issueSocket(identity: Identity): Promise<IssuedToken> {
      const expiresAt = Math.min(clock.now() + SOCKET_TOKEN_MS, identity.expiresAt);
      return issue(identity, 'socket', expiresAt);
    },
    /** Returns the user and the session; null if the token is invalid, expired or not for these uses, or its session ended. */
    async verify(token: string, uses: readonly TokenUse[]): Promise<Identity | null> {
      const header = readHeader(token);
      const key = header && (await keys.find(header.kid));
      if (!key) return null;
      const claims = await signerOf(key).verify(token, {
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
      if (claims === false || !Value.Check(Claims, claims) || !uses.includes(claims.use))
        return null;
      const identity = await sessions.use(claims.sid);
      return identity?.userId === claims.sub ? identity : null;
    },
  };
}

/** Returns the header of a token, which is not verified yet; null if it has none. */
function readHeader(token: string): Static<typeof Header> | null {
  try {
    const [head = ''] = token.split('.', 1);
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString());
    return Value.Check(Header, header) ? header : null;
  } catch {
    return null;
  }
}

// The token of a request: in its `Authorization` header, or in the session cookie of a browser.

import { API_TOKEN_PREFIX } from '../protocol/limits.ts';

const COOKIE = 'signalbox';

/** The `Set-Cookie` header that stores the token of a session. */
export function createSessionCookie(
  token: string,
  { maxAgeS, isSecure }: { maxAgeS: number; isSecure: boolean },
): string {
  const flags = `HttpOnly; SameSite=Strict; Path=/; Max-Age=${maxAgeS}`;
  return `${COOKIE}=${token}; ${flags}${isSecure ? '; Secure' : ''}`;
}

/** Returns the token in `Authorization: Bearer`. */
export function readBearerToken(request: Request): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
}

/** Returns the bearer token or, without one, the session cookie. */
export function readToken(request: Request): string | null {
  const cookies = new Bun.CookieMap(request.headers.get('cookie') ?? '');
  return readBearerToken(request) ?? cookies.get(COOKIE);
}

/** Whether a token is an API token rather than the token of a session. */
export const isApiToken = (token: string): boolean => token.startsWith(API_TOKEN_PREFIX);

/** Explains why a token does not authenticate, for its user. */
export function describeRejection(token: string | null): string {
  if (!token) return 'Authentication required. Sign in, or send a token.';
  if (isApiToken(token)) return 'The API token is not valid. It may have expired or been revoked.';
  return 'Your session has expired. Sign in again.';
}

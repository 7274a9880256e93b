// The token of a request: in its `Authorization` header, or in the session cookie of a browser.

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

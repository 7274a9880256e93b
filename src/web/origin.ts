// Cross-site request checks: other sites must not use a visitor's session (CSRF, cross-site WebSocket hijacking).

/** Whether a request comes from the hub's own pages or from a program. */
export type CheckOrigin = (request: Request) => boolean;

/**
 * Creates the check. `Origin` must be the requested host or the public URL. Programs send neither `Origin` nor a
 * browser's cookies, so requests without `Origin` pass unless `Sec-Fetch-Site` indicates another site.
 */
export function createOriginCheck(publicUrl: string | null): CheckOrigin {
  const publicOrigin = publicUrl === null ? null : new URL(publicUrl).origin;
  return (request) => {
    const site = request.headers.get('sec-fetch-site');
    const origin = request.headers.get('origin');
    if (origin === null) return site === null || site === 'same-origin' || site === 'none';
    const { host } = new URL(request.url);
    return origin === publicOrigin || origin === `http://${host}` || origin === `https://${host}`;
  };
}

/** Whether a request's method can change state. */
export function isMutation({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

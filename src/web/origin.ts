// Other sites' pages may not speak to the hub in their visitor's name.

export type CheckOrigin = (request: Request) => boolean;

/**
 * Makes the check of `Origin`: it must be this hub, as asked for or by its public address.
 * Programs send none, and pass: they have no cookies of somebody else's.
 */
export function createOriginCheck(publicUrl: string | null): CheckOrigin {
  const publicOrigin = publicUrl === null ? null : new URL(publicUrl).origin;
  return (request) => {
    const site = request.headers.get('sec-fetch-site');
    const origin = request.headers.get('origin');
    if (origin === null) return site === null || site === 'same-origin' || site === 'none';
    const own = new URL(request.url).host;
    return origin === publicOrigin || origin === `http://${own}` || origin === `https://${own}`;
  };
}

/** Whether a request may change something. */
export function changesState(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
}

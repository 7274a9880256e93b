// The headers of responses that set no others: nothing in them is loaded, framed, guessed or stored.

const DEFAULTS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
} as const;

/** Adds the headers that are missing. Pages and assets have their own. */
export function addSecurityHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/** Adds the headers to those of a response that is not created yet. */
export function setSecurityHeaders(headers: Record<string, string | number>): void {
  Object.assign(headers, { ...DEFAULTS, ...headers });
}

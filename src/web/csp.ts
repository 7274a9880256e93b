// The Content-Security-Policy of a page: its own scripts and styles, nothing inline, nothing evaluated.

/**
 * The policy for one response.
 * @param nonce of this response alone: it lets in the <style> elements that xterm writes, and no others
 */
export function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

// The Content-Security-Policy of pages: only scripts and styles from the hub, nothing inline, no eval.

/**
 * Returns the policy for one response.
 * @param nonce unique to the response; allows the <style> elements that xterm creates
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

/** The policy of fragments, which htmx inserts into pages. */
export const FRAGMENT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

// Strict-Transport-Security: browsers that have used the hub over HTTPS never use plain HTTP again.

const ONE_YEAR_S = 31_536_000;

/**
 * Sets the header on a response. Not for `localhost`, because browsers apply it to all ports of a name, and would no
 * longer open other local servers. They ignore it for IP addresses.
 */
export function setTransportSecurity(
  { url }: Request,
  headers: Record<string, string | number>,
): void {
  if (URL.parse(url)?.hostname === 'localhost') return;
  headers['strict-transport-security'] = `max-age=${ONE_YEAR_S}`;
}

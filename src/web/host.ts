// Host checks: a website whose name resolves to the hub's address (DNS rebinding) must not reach the hub.
import { isIP } from 'node:net';

/** Why a request is rejected: its `Host` header is missing or malformed, or names another site. */
export type HostProblem = 'invalid' | 'unknown';

/** Checks the `Host` header of a request. */
export type CheckHost = (request: Request) => HostProblem | null;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const WILDCARDS = new Set(['0.0.0.0', '::']);

export interface HostOptions {
  /** The address that the hub listens on. */
  address: string;
  /** The URL for browsers and agents, if it differs from the address. */
  publicUrl: string | null;
}

/**
 * Creates the check. Allowed are loopback names, the public URL and the address that the hub listens on, with any port,
 * because proxies and SSH tunnels change it. If the hub listens on all addresses, every IP address is allowed: only a
 * name can be rebound.
 */
export function createHostCheck({ address, publicUrl }: HostOptions): CheckHost {
  const listensOnAll = WILDCARDS.has(address);
  const allowed = new Set(LOOPBACK);
  if (publicUrl !== null) allowed.add(new URL(publicUrl).hostname);
  const own = parseHostname(isIP(address) === 6 ? `[${address}]` : address);
  if (own !== null) allowed.add(own);
  return (request) => {
    const hostname = parseHostname(request.headers.get('host') ?? '');
    if (hostname === null) return 'invalid';
    if (allowed.has(hostname)) return null;
    return listensOnAll && isIP(hostname.replaceAll(/^\[|\]$/g, '')) !== 0 ? null : 'unknown';
  };
}

/** Returns the normalized name of `host:port`; null if it is not just that. */
function parseHostname(host: string): string | null {
  if (!/^[\w.:[\]-]+$/.test(host)) return null;
  return URL.parse(`http://${host}`)?.hostname ?? null;
}

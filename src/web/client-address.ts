// The address of a client, also behind trusted proxies.
import { BlockList, isIP } from 'node:net';
import type { Server } from 'bun';

/** Returns the address that a request comes from; null if the connection is gone. */
export type ClientAddress = (request: Request, server: Server<unknown> | null) => string | null;

/**
 * Creates the function. A trusted proxy appends the address of its client to `X-Forwarded-For`, so the last address that
 * is not a trusted proxy is the client's. The header of other clients is ignored.
 * @param trustedProxies IP addresses and subnets, such as `10.0.0.0/8`
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string) =>
    trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (request, server) => {
    const peer = server?.requestIP(request)?.address ?? null;
    if (peer === null || !isTrusted(peer)) return peer;
    const forwarded = (request.headers.get('x-forwarded-for') ?? '')
      .split(',')
      .map((address) => address.trim());
    const client = forwarded.findLast((address) => !isTrusted(address));
    return client !== undefined && isIP(client) !== 0 ? client : peer;
  };
}

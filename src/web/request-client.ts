// Whom a request counts for in rate limits: valid credentials have limits of their own, so that strangers at the same
// address do not affect them.
import type { Server } from 'bun';
import type { Registry } from '../hub/agents/registry.ts';
import { networkOf } from '../hub/network.ts';
import type { Identity } from '../hub/state/dashboard.ts';
import type { ClientAddress } from './client-address.ts';
import { readBearerToken } from './request-token.ts';

export interface RequestClient {
  kind: 'user' | 'agent' | 'address';
  /** Unique across kinds. */
  key: string;
}

export interface RequestClientParts {
  registry: Pick<Registry, 'findTokenId'>;
  clientAddress: ClientAddress;
}

/** Creates the function. Its `user` is the one that the request authenticates, if any. */
export function createRequestClient({ registry, clientAddress }: RequestClientParts) {
  return (
    request: Request,
    server: Server<unknown> | null,
    user: Identity | null,
  ): RequestClient => {
    if (user) return { kind: 'user', key: `user ${user.userId}` };
    const tokenId = registry.findTokenId(readBearerToken(request) ?? '');
    if (tokenId !== undefined) return { kind: 'agent', key: `agent ${tokenId}` };
    return { kind: 'address', key: `address ${networkOf(`${clientAddress(request, server)}`)}` };
  };
}

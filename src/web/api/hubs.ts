// The API of the hubs that share the database, for admins.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Auth } from '../auth.ts';

export interface HubApiParts {
  hub: Pick<Hub, 'hubs'>;
  auth: Auth;
}

export function createHubApi({ hub, auth }: HubApiParts) {
  return new Elysia({ name: 'api/hubs', prefix: '/api/v1/hubs' }).get('/', async ({ request }) => {
    const identity = await auth.requireIdentity(request);
    return { items: await hub.hubs.list(identity), nextCursor: null };
  });
}

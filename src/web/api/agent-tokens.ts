// The API of the tokens of agents.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { AgentTokenBody } from '../../protocol/tokens.ts';
import type { Auth } from '../auth.ts';

export interface AgentTokenApiParts {
  hub: Pick<Hub, 'agentTokens'>;
  auth: Auth;
}

export function createAgentTokenApi({ hub, auth }: AgentTokenApiParts) {
  return new Elysia({ name: 'api/agent-tokens', prefix: '/api/v1/agents/:agentId/tokens' })
    .get('/', async ({ request, params }) => {
      const identity = await auth.requireIdentity(request);
      return { items: hub.agentTokens.list(identity, params.agentId), nextCursor: null };
    })
    .post(
      '/',
      async ({ request, params, body, set }) => {
        const identity = await auth.requireIdentity(request);
        const token = await hub.agentTokens.add(identity, params.agentId, body);
        set.status = 201;
        return token;
      },
      { body: AgentTokenBody },
    )
    .delete('/:id', async ({ request, params }) => {
      hub.agentTokens.revoke(await auth.requireIdentity(request), params.agentId, params.id);
      return new Response(null, { status: 204 });
    });
}

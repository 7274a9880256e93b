// The JSON API, for scripts, tests and the command line. It calls what the sockets and the pages call.
import { Elysia, t } from 'elysia';
import type { Hub } from '../hub/hub.ts';
import {
  AgentRegistration,
  ApprovalBody,
  CommandBody,
  CommandQuery,
  ComparisonBody,
  type SessionResponse,
  SessionBody,
} from '../protocol/api.ts';
import { HubError } from '../protocol/errors.ts';
import type { Auth } from './auth.ts';
import type { Tokens } from './tokens.ts';

/** A query's values come as text. */
const CommandListQuery = t.Object({
  ...CommandQuery.properties,
  limit: t.Optional(t.Numeric({ minimum: 1, maximum: 200, multipleOf: 1 })),
  compared: t.Optional(t.BooleanString()),
});

export interface ApiParts {
  hub: Hub;
  auth: Auth;
  tokens: Tokens;
}

/** Logging in and out, and the token for a page's socket. */
function createSessionApi({ auth, tokens }: ApiParts) {
  return new Elysia({ name: 'api/session', prefix: '/api/v1/session' })
    .post(
      '/',
      async ({ body, set }): Promise<SessionResponse> => {
        const session = await auth.logIn(body.username, body.password);
        if (!session) throw new HubError('not_authenticated', 'Name or password is wrong.');
        set.headers['set-cookie'] = session.cookie;
        const { token, expiresAt, userId, role } = session;
        return { token, expiresAt, userId, role };
      },
      { body: SessionBody },
    )
    .get('/', async ({ request }): Promise<SessionResponse> => {
      const who = await auth.require(request);
      return { ...(await tokens.issueSocket(who)), userId: who.userId, role: who.role };
    })
    .delete('/', ({ set }) => {
      set.headers['set-cookie'] = auth.logOut();
      return new Response(null, { status: 204 });
    });
}

/** Agents: who there is, who may be. */
function createAgentApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/agents', prefix: '/api/v1/agents' })
    .get('/', async ({ request }) => {
      await auth.require(request);
      return { items: hub.registry.list(), nextCursor: null };
    })
    .get('/:agentId', async ({ request, params }) => {
      await auth.require(request);
      const agent = hub.registry.find(params.agentId);
      if (!agent) throw new HubError('agent_unknown', `There is no agent "${params.agentId}".`);
      return agent;
    })
    .get('/:agentId/token', ({ request, params }) => {
      // For the agent itself: whether its token is good, without taking anybody's place.
      if (hub.registry.verifyToken(params.agentId, auth.bearer(request) ?? '')) {
        return new Response(null, { status: 204 });
      }
      throw new HubError('not_authenticated', 'The id or the token of the agent is wrong.');
    })
    .post(
      '/',
      async ({ request, body, set }) => {
        const registered = await hub.registry.register(await auth.require(request), body);
        set.status = 201;
        return registered;
      },
      { body: AgentRegistration },
    )
    .delete('/:agentId', async ({ request, params }) => {
      await hub.registry.revoke(await auth.require(request), params.agentId);
      return new Response(null, { status: 204 });
    });
}

/** Commands: asked for, looked at, stopped. */
function createCommandApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/commands', prefix: '/api/v1/commands' })
    .post(
      '/',
      async ({ request, body, set }) => {
        const answer = await hub.commands.request(await auth.require(request), body);
        set.status = 202;
        return answer;
      },
      { body: CommandBody },
    )
    .get(
      '/',
      async ({ request, query }) => {
        await auth.require(request);
        return hub.history.listPage(query);
      },
      { query: CommandListQuery },
    )
    .get('/:id', async ({ request, params }) => {
      await auth.require(request);
      const command = await hub.history.find(params.id);
      if (!command) throw new HubError('command_unknown', 'There is no such command.');
      return command;
    })
    .get('/:id/output', async ({ request, params }) => {
      await auth.require(request);
      const text = await hub.history.readOutput(params.id);
      return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
    })
    .post('/:id/interrupt', async ({ request, params, set }) => {
      await hub.commands.interrupt(await auth.require(request), params.id);
      set.status = 202;
      return { commandId: params.id };
    });
}

/** Comparisons: the same command for several agents. */
function createComparisonApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/comparisons', prefix: '/api/v1/comparisons' }).post(
    '/',
    async ({ request, body, set }) => {
      const answer = await hub.commands.compare(await auth.require(request), body);
      set.status = 202;
      return answer;
    },
    { body: ComparisonBody },
  );
}

/** Approvals: what agents ask, and the answers. */
function createApprovalApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/approvals', prefix: '/api/v1/approvals' })
    .get('/', async ({ request }) => {
      await auth.require(request);
      return { items: hub.approvals.listPending(), nextCursor: null };
    })
    .post(
      '/:approvalId',
      async ({ request, params, body, set }) => {
        const who = await auth.require(request);
        await hub.approvals.respond(who, params.approvalId, body.optionId);
        set.status = 202;
        return { approvalId: params.approvalId };
      },
      { body: ApprovalBody },
    );
}

/** Everything under `/api/v1`. */
export function createApi(parts: ApiParts) {
  return new Elysia({ name: 'api' })
    .use(createSessionApi(parts))
    .use(createAgentApi(parts))
    .use(createCommandApi(parts))
    .use(createComparisonApi(parts))
    .use(createApprovalApi(parts));
}

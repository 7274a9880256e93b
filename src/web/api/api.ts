// The JSON API, for scripts, the command line and tests. It calls the same hub functions as the sockets and the pages.
import { Elysia, t } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import { limitDetails } from '../../hub/state/approval.ts';
import {
  AgentChanges,
  AgentRegistration,
  ApprovalBody,
  CommandBody,
  CommandChanges,
  CommandQuery,
  ComparisonBody,
  FileQuery,
  PauseBody,
  RevertBody,
} from '../../protocol/api.ts';
import { HubError } from '../../protocol/errors.ts';
import { BUFFER_BYTES } from '../../protocol/limits.ts';
import { createAuditApi } from './audit.ts';
import { readBearerToken } from '../request-token.ts';
import { createOutputResponse } from './output-response.ts';
import { createAgentTokenApi } from './agent-tokens.ts';
import { createApiTokenApi } from './api-tokens.ts';
import { createHubApi } from './hubs.ts';
import { createPromptApi } from './prompts.ts';
import { createSessionApi, createSessionListApi, type SessionApiParts } from './session.ts';
import { createAccountApi, createUserApi, type UserApiParts } from './users.ts';

/** `CommandQuery` as sent in a URL, where numbers and booleans are strings. */
const CommandListQuery = t.Object({
  ...CommandQuery.properties,
  limit: t.Optional(t.Numeric({ minimum: 1, maximum: 200, multipleOf: 1 })),
  compared: t.Optional(t.BooleanString()),
});

/** How much of the end of an output is read; all of it without. */
const OutputQuery = t.Object({
  tailBytes: t.Optional(t.Numeric({ minimum: 0, maximum: BUFFER_BYTES, multipleOf: 1 })),
});

export interface ApiParts extends SessionApiParts, UserApiParts {
  hub: Hub;
}

function createAgentApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/agents', prefix: '/api/v1/agents' })
    .get('/', async ({ request }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      return { items: view.registry.list(), nextCursor: null };
    })
    .get('/:agentId', async ({ request, params }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      const agent = view.registry.find(params.agentId);
      if (!agent) throw new HubError('agent_unknown', `Agent "${params.agentId}" not found.`);
      return agent;
    })
    .get('/:agentId/token', async ({ request, params }) => {
      const token = readBearerToken(request) ?? '';
      await hub.registry.lookUpTokenId(token);
      // Lets an agent check its token without connecting, which could replace a running instance.
      if (hub.registry.verifyToken(params.agentId, token)) {
        return new Response(null, { status: 204 });
      }
      throw new HubError('not_authenticated', 'Incorrect agent ID or token.');
    })
    .post(
      '/',
      async ({ request, body, set }) => {
        const agent = await hub.registry.register(await auth.requireIdentity(request), body);
        set.status = 201;
        return agent;
      },
      { body: AgentRegistration },
    )
    .patch(
      '/:agentId',
      async ({ request, params, body }) =>
        hub.registry.change(await auth.requireIdentity(request), params.agentId, body),
      { body: AgentChanges },
    )
    .get('/:agentId/queue', async ({ request, params }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      const agent = view.registry.find(params.agentId);
      if (!agent) throw new HubError('agent_unknown', `Agent "${params.agentId}" not found.`);
      return { items: view.history.listActive(params.agentId), nextCursor: null };
    })
    .get(
      '/:agentId/files',
      async ({ request, params, query }) =>
        hub.files.search(await auth.requireIdentity(request), params.agentId, query.q ?? ''),
      { query: FileQuery },
    )
    .put(
      '/:agentId/pause',
      async ({ request, params, body }) =>
        hub.pauseAgents.pause(await auth.requireIdentity(request), params.agentId, body),
      { body: PauseBody },
    )
    .delete('/:agentId/pause', async ({ request, params }) =>
      hub.pauseAgents.resume(await auth.requireIdentity(request), params.agentId),
    )
    .delete('/:agentId', async ({ request, params }) => {
      await hub.registry.remove(await auth.requireIdentity(request), params.agentId);
      return new Response(null, { status: 204 });
    });
}

function createCommandApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/commands', prefix: '/api/v1/commands' })
    .post(
      '/',
      async ({ request, body, set }) => {
        const accepted = await hub.commands.request(await auth.requireIdentity(request), body);
        set.status = 202;
        return accepted;
      },
      { body: CommandBody },
    )
    .get(
      '/',
      async ({ request, query }) => {
        const view = hub.viewFor(await auth.requireIdentity(request));
        return view.history.listPage(query);
      },
      { query: CommandListQuery },
    )
    .get('/:id', async ({ request, params }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      const command = await view.history.find(params.id);
      if (!command) throw new HubError('command_unknown', 'Command not found.');
      return command;
    })
    .get(
      '/:id/output',
      async ({ request, params, query }) => {
        const view = hub.viewFor(await auth.requireIdentity(request));
        return createOutputResponse(request, await view.history.openOutput(params.id, query));
      },
      { query: OutputQuery },
    )
    .delete('/:id/output', async ({ request, params }) => {
      await hub.commands.deleteOutput(await auth.requireIdentity(request), params.id);
      return new Response(null, { status: 204 });
    })
    .patch(
      '/:id',
      async ({ request, params, body }) =>
        hub.queue.change(await auth.requireIdentity(request), params.id, body),
      { body: CommandChanges },
    )
    .put('/:id/cancellation', async ({ request, params, set }) => {
      const cancelled = await hub.queue.cancel(await auth.requireIdentity(request), params.id);
      set.status = 202;
      return cancelled;
    })
    .delete('/:id/cancellation', async ({ request, params }) =>
      hub.queue.restore(await auth.requireIdentity(request), params.id),
    )
    .get('/:id/changes', async ({ request, params }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      return view.findChanges(params.id);
    })
    .post(
      '/:id/revert',
      async ({ request, params, body }) => {
        await hub.revertFile(await auth.requireIdentity(request), params.id, body.path);
        return { commandId: params.id, path: body.path };
      },
      { body: RevertBody },
    )
    .post('/:id/interrupt', async ({ request, params, set }) => {
      const identity = await auth.requireIdentity(request);
      const {
        id: commandId,
        status,
        stopReason,
      } = await hub.commands.interrupt(identity, params.id);
      set.status = 202;
      return { commandId, status, stopReason };
    });
}

/** Comparisons: the same command for several agents. */
function createComparisonApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/comparisons', prefix: '/api/v1/comparisons' }).post(
    '/',
    async ({ request, body, set }) => {
      const accepted = await hub.commands.compare(await auth.requireIdentity(request), body);
      set.status = 202;
      return accepted;
    },
    { body: ComparisonBody },
  );
}

function createApprovalApi({ hub, auth }: ApiParts) {
  return new Elysia({ name: 'api/approvals', prefix: '/api/v1/approvals' })
    .get('/', async ({ request }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      return { items: limitDetails(view.approvals.listPending()), nextCursor: null };
    })
    .get('/:approvalId', async ({ request, params }) => {
      const view = hub.viewFor(await auth.requireIdentity(request));
      const approval = await view.approvals.find(params.approvalId);
      if (!approval) throw new HubError('approval_unknown', 'Approval request not found.');
      return approval;
    })
    .post(
      '/:approvalId',
      async ({ request, params, body, set }) => {
        const user = await auth.requireIdentity(request);
        await hub.approvals.respond(user, params.approvalId, body.optionId);
        set.status = 202;
        return { approvalId: params.approvalId };
      },
      { body: ApprovalBody },
    );
}

/** Creates all routes under `/api/v1`. */
export function createApi(parts: ApiParts) {
  return new Elysia({ name: 'api' })
    .use(createSessionApi(parts))
    .use(createSessionListApi(parts))
    .use(createAccountApi(parts))
    .use(createApiTokenApi(parts))
    .use(createUserApi(parts))
    .use(createAgentApi(parts))
    .use(createAgentTokenApi(parts))
    .use(createCommandApi(parts))
    .use(createComparisonApi(parts))
    .use(createApprovalApi(parts))
    .use(createAuditApi(parts))
    .use(createHubApi(parts))
    .use(createPromptApi(parts));
}

// The agents overview and the agent page, with their fragments and forms.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { seesAllAgents } from '../../hub/grants.ts';
import type { View } from '../../hub/view.ts';
import { AgentRegistration } from '../../protocol/api.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { AgentSummary } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { isPermitted } from '../../protocol/permissions.ts';
import { Labels } from '../../protocol/grants.ts';
import {
  AddAgentForm,
  AgentAdded,
  AgentConnectionState,
  AgentLabelsForm,
  RemoveAgentForm,
} from '../../../views/components/agent-dialogs.tsx';
import { AgentSwitchList } from '../../../views/components/agent-switch.tsx';
import { AgentLive, AgentPage, type AgentState } from '../../../views/pages/agent.tsx';
import { AgentRemoved } from '../../../views/components/agent-removed.tsx';
import type { AgentListItem } from '../../../views/components/agent-row.tsx';
import { AgentList, AgentsPage } from '../../../views/pages/agents.tsx';
import { OlderBlocksLoaded } from '../../../views/components/session.tsx';
import { CommandAccepted } from '../../../views/components/composer.tsx';
import { REFRESH } from '../../../views/events.ts';
import { agentUrl } from '../../../views/urls.ts';
import { isCurrent } from '../../../views/format/command-state.ts';
import { createAgentBlocks, parseEndPosition } from './agent-blocks.ts';
import { listPendingCards } from './approvals.tsx';
import { parseCommandForm, parseNames, readField } from './form.ts';
import { offerQueue, type RequireUser } from './guard.tsx';
import { renderNotFound } from './message.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

const TRIGGER_REFRESH = { 'hx-trigger': REFRESH };

interface AgentPagesOptions {
  clock: Clock;
  /** The hub's URL for agents; null to use the requested one. */
  publicUrl: string | null;
}

export function createAgentPages(
  hub: Hub,
  requireUser: RequireUser,
  { clock, publicUrl }: AgentPagesOptions,
) {
  const blocks = createAgentBlocks();
  return new Elysia({ name: 'pages/agents' })
    .get('/', ({ request }) =>
      requireUser(request, (user) =>
        renderDocument(
          request,
          (context) => (
            <AgentsPage
              context={context}
              user={user}
              agents={listAgents(hub.viewFor(user))}
              isLimited={!seesAllAgents(user)}
              now={clock.now()}
            />
          ),
          hub.viewFor(user).menu(),
        ),
      ),
    )
    .get('/agents', ({ request }) =>
      requireUser(request, (user) =>
        request.headers.has('hx-request')
          ? renderFragment(
              <AgentList
                user={user}
                agents={listAgents(hub.viewFor(user))}
                isLimited={!seesAllAgents(user)}
                now={clock.now()}
              />,
            )
          : redirect(request, '/'),
      ),
    )
    .get('/dialogs/add-agent', ({ request }) =>
      requireUser(request, () => renderFragment(<AddAgentForm />)),
    )
    .post('/agents', ({ request, body }) =>
      requireUser(request, (user) => {
        const hubUrl = publicUrl ?? new URL(request.url).origin;
        return addAgent(hub, user, hubUrl, body);
      }),
    )
    .get('/agents/:id/others', ({ request, params }) =>
      requireUser(request, (user) =>
        renderFragment(
          <AgentSwitchList agents={hub.viewFor(user).registry.list()} current={params.id} />,
        ),
      ),
    )
    .get('/agents/:id', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = getAgentState(hub, user, params.id, { request, now: clock.now() });
        if (!state) {
          const message = `There is no agent “${params.id}”. It may have been removed.`;
          return renderNotFound(request, user, 'Agent not found', message);
        }
        const requestId = Bun.randomUUIDv7();
        const page = await blocks.readPage(hub.viewFor(user), params.id);
        return renderDocument(
          request,
          (context) => <AgentPage {...state} {...{ page, context, requestId }} />,
          hub.viewFor(user).menu(),
        );
      }),
    )
    .get('/agents/:id/live', ({ request, params }) =>
      requireUser(request, async (user) => {
        if (!request.headers.has('hx-request')) return redirect(request, agentUrl(params.id));
        const shownIds = new URL(request.url).searchParams.getAll('shown');
        // Before the state: a command that ends in between is missing until the next update, instead of shown twice.
        const update = await blocks.readUpdate(hub.viewFor(user), params.id, shownIds);
        const state = getAgentState(hub, user, params.id, { request, now: clock.now() });
        if (!state) return renderFragment(<AgentRemoved agentId={params.id} />);
        return renderFragment(<AgentLive {...state} update={update} />);
      }),
    )
    .get('/agents/:id/older', ({ request, params }) =>
      requireUser(request, async (user) => {
        if (!request.headers.has('hx-request')) return redirect(request, agentUrl(params.id));
        const before = parseEndPosition(new URL(request.url).searchParams.get('before'));
        const page = await blocks.readPage(hub.viewFor(user), params.id, before);
        const canSend = isPermitted(user.role, 'commands:send');
        return renderFragment(
          <OlderBlocksLoaded agentId={params.id} {...page} canSend={canSend} />,
        );
      }),
    )
    .post('/agents/:id/commands', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        return offerQueue('composer', async () => {
          const interrupts = readField(body, 'interrupt');
          const command = parseCommandForm(params.id, body);
          const { commandId, position } = await hub.commands.request(user, command);
          // After the request: if it is rejected, the running command continues.
          if (interrupts !== '') await interruptIfRunning(hub, user, interrupts);
          const agent = requireSummary(hub, user, params.id);
          const requestId = Bun.randomUUIDv7();
          return renderFragment(
            <CommandAccepted {...{ agent, commandId, position, requestId }} />,
            {
              headers: TRIGGER_REFRESH,
            },
          );
        });
      }),
    )
    .get('/agents/:id/connection', ({ request, params: { id } }) =>
      requireUser(request, (user) => {
        const { status } = requireSummary(hub, user, id);
        return renderFragment(
          <AgentConnectionState agentId={id} isConnected={status !== 'offline'} />,
        );
      }),
    )
    .get('/agents/:id/labels', ({ request, params }) =>
      requireUser(request, (user) => {
        const labels = requireSummary(hub, user, params.id).labels.join(', ');
        return renderFragment(<AgentLabelsForm agentId={params.id} labels={labels} />);
      }),
    )
    .post('/agents/:id/labels', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        const text = readField(body, 'labels');
        const labels = parseNames(text);
        if (!Value.Check(Labels, labels)) {
          const error =
            'A label can contain up to 64 letters, digits, dots, hyphens and underscores. An agent can have 16 labels.';
          const form = <AgentLabelsForm agentId={params.id} labels={text} error={error} />;
          return renderFragment(form, { status: 422 });
        }
        await hub.registry.change(user, params.id, { labels });
        return redirect(request, agentUrl(params.id));
      }),
    )
    .get('/agents/:id/remove', ({ request, params }) =>
      requireUser(request, () => renderFragment(<RemoveAgentForm agentId={params.id} />)),
    )
    .post('/agents/:id/remove', ({ request, params }) =>
      requireUser(request, async (user) => {
        try {
          await hub.registry.remove(user, params.id);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          return renderFragment(<RemoveAgentForm agentId={params.id} error={error.message} />, {
            status: 422,
          });
        }
        return redirect(request, '/');
      }),
    );
}

/** Returns every agent with its current command and first pending approval request. */
function listAgents(view: View): AgentListItem[] {
  return view.registry.list().map((agent) => {
    const active = view.history.listActive(agent.agentId);
    const current = active.find((command) => isCurrent(command, agent)) ?? null;
    const [approval] = view.approvals.listPending({ agentId: agent.agentId });
    const waiting = active.filter((command) => !isCurrent(command, agent));
    const since = Math.min(...waiting.map(({ requestedAt }) => requestedAt));
    return {
      agent,
      current,
      pendingTitle: approval?.title ?? null,
      queuedSince: waiting.length === 0 ? null : since,
    };
  });
}

/** @throws {HubError} agent_unknown */
function requireSummary(hub: Hub, user: Identity, agentId: string): AgentSummary {
  const agent = hub.viewFor(user).registry.find(agentId);
  if (agent) return agent;
  throw new HubError('agent_unknown', `Agent "${agentId}" not found.`);
}

function getAgentState(
  hub: Hub,
  user: Identity,
  agentId: string,
  { request, now }: { request: Request; now: number },
): AgentState | undefined {
  const view = hub.viewFor(user);
  const agent = view.registry.find(agentId);
  if (!agent) return undefined;
  const active = view.history.listActive(agentId);
  return {
    user,
    agent,
    active,
    noticeId: identifyNotice(agent, request),
    pending: listPendingCards(view, view.approvals.listPending({ agentId })),
    now,
  };
}

/** Returns what identifies an agent's notice in the user's cookie (src/browser/page-notice.ts); null once it is there. */
function identifyNotice({ agentId, notice }: AgentSummary, request: Request): string | null {
  const id = Bun.hash(`${agentId}\n${notice}`).toString(36);
  const dismissed = /(?:^|;\s*)dismissed=([\w.]*)/.exec(request.headers.get('cookie') ?? '');
  return dismissed?.[1]?.split('.').includes(id) ? null : id;
}

/** Interrupts a command. Nothing is left to do if it has just ended. */
async function interruptIfRunning(hub: Hub, user: Identity, commandId: string): Promise<void> {
  try {
    await hub.commands.interrupt(user, commandId);
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'command_not_active') throw error;
  }
}

async function addAgent(
  hub: Hub,
  user: Identity,
  hubUrl: string,
  form: unknown,
): Promise<Response> {
  const agentId = readField(form, 'agentId').trim();
  const agentType = readField(form, 'agentType');
  const renderForm = (error: string) =>
    renderFragment(<AddAgentForm {...{ agentId, agentType, error }} />, { status: 422 });
  const registration: unknown = { agentId, agentType };
  if (!Value.Check(AgentRegistration, registration)) {
    return renderForm(
      'An agent ID must start with a letter or digit. It can contain up to 64 letters, digits, dots, hyphens and underscores.',
    );
  }
  try {
    const registered = await hub.registry.register(user, registration);
    return renderFragment(<AgentAdded registered={registered} hubUrl={hubUrl} />, {
      headers: TRIGGER_REFRESH,
    });
  } catch (error) {
    if (error instanceof HubError) return renderForm(error.message);
    throw error;
  }
}

// The agents overview and the agent page, with their fragments and forms.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import type { Hub } from '../../hub/hub.ts';
import type { Identity } from '../../hub/state/dashboard.ts';
import { AgentRegistration } from '../../protocol/api.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { HubError } from '../../protocol/errors.ts';
import { AddAgentForm, AgentAdded, RevokeForm } from '../../../views/components/agent-dialogs.tsx';
import { AgentLive, AgentPage, type AgentState } from '../../../views/pages/agent.tsx';
import type { AgentListItem } from '../../../views/components/agent-row.tsx';
import { AgentList, AgentsPage } from '../../../views/pages/agents.tsx';
import { CommandAccepted } from '../../../views/components/composer.tsx';
import { REFRESH } from '../../../views/events.ts';
import type { ShownCommand } from '../../../views/components/terminal.tsx';
import { listPendingCards } from './approvals.tsx';
import { parseCommandForm, readField } from './form.ts';
import { type RequireUser, requireRole } from './guard.tsx';
import { renderNotFound } from './not-found.tsx';
import { redirect, renderDocument, renderFragment } from './response.ts';

/** Number of finished commands on the agent page. */
const RECENT_COMMANDS = 15;
const MAX_PAGE_LENGTH = 200;
const TRIGGER_REFRESH = { 'hx-trigger': REFRESH };

/** @param publicUrl the hub's URL for agents; null to use the requested one */
export function createAgentPages(hub: Hub, requireUser: RequireUser, publicUrl: string | null) {
  return new Elysia({ name: 'pages/agents' })
    .get('/', ({ request }) =>
      requireUser(request, (user) =>
        renderDocument(
          request,
          (context) => <AgentsPage context={context} user={user} agents={listAgents(hub)} />,
          { pendingApprovals: hub.approvals.listPending().length },
        ),
      ),
    )
    .get('/agents', ({ request }) =>
      requireUser(request, (user) =>
        request.headers.has('hx-request')
          ? renderFragment(<AgentList user={user} agents={listAgents(hub)} />)
          : redirect(request, '/'),
      ),
    )
    .get('/dialogs/add-agent', ({ request }) =>
      requireUser(request, (user) => {
        requireRole(user, 'admin');
        return renderFragment(<AddAgentForm />);
      }),
    )
    .post('/agents', ({ request, body }) =>
      requireUser(request, (user) => {
        const hubUrl = publicUrl ?? new URL(request.url).origin;
        return addAgent(hub, user, hubUrl, body);
      }),
    )
    .get('/agents/:id', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getAgentState(hub, user, params.id, request);
        if (!state) {
          const message = `There is no agent “${params.id}”. It may have been removed.`;
          return renderNotFound(request, user, 'Agent not found', message);
        }
        const requestId = Bun.randomUUIDv7();
        return renderDocument(
          request,
          (context) => <AgentPage {...state} context={context} requestId={requestId} />,
          { pendingApprovals: hub.approvals.listPending().length },
        );
      }),
    )
    .get('/agents/:id/live', ({ request, params }) =>
      requireUser(request, async (user) => {
        const state = await getAgentState(hub, user, params.id, request);
        return state ? renderFragment(<AgentLive {...state} />) : redirect(request, '/');
      }),
    )
    .post('/agents/:id/commands', ({ request, params, body }) =>
      requireUser(request, async (user) => {
        requireRole(user, 'operator');
        const { position } = await hub.commands.request(user, parseCommandForm(params.id, body));
        const accepted = <CommandAccepted position={position} requestId={Bun.randomUUIDv7()} />;
        return renderFragment(accepted, { headers: TRIGGER_REFRESH });
      }),
    )
    .get('/agents/:id/revoke', ({ request, params }) =>
      requireUser(request, (user) => {
        requireRole(user, 'admin');
        return renderFragment(<RevokeForm agentId={params.id} />);
      }),
    )
    .post('/agents/:id/revoke', ({ request, params }) =>
      requireUser(request, async (user) => {
        requireRole(user, 'admin');
        try {
          await hub.registry.revoke(user, params.id);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          return renderFragment(<RevokeForm agentId={params.id} error={error.message} />, {
            status: 422,
          });
        }
        return redirect(request, '/');
      }),
    );
}

/** Returns every agent with its current command and first pending approval request. */
function listAgents(hub: Hub): AgentListItem[] {
  const pending = hub.approvals.listPending();
  return hub.registry.list().map((agent) => {
    const [first] = hub.history.listActive(agent.agentId);
    const isCurrent = first && (first.status === 'running' || first.id === agent.currentCommand);
    const approval = pending.find(({ agentId }) => agentId === agent.agentId);
    return { agent, current: isCurrent ? first : null, pendingTitle: approval?.title ?? null };
  });
}

async function getAgentState(
  hub: Hub,
  user: Identity,
  agentId: string,
  request: Request,
): Promise<AgentState | undefined> {
  const agent = hub.registry.find(agentId);
  if (!agent) return undefined;
  const active = hub.history.listActive(agentId);
  // The newest commands of the history may be active, so request that many more.
  const limit = Math.min(MAX_PAGE_LENGTH, RECENT_COMMANDS + active.length);
  const page = await hub.history.listPage({ agentId, limit });
  const recent = page.items.filter((command) => hasEnded(command.status)).slice(0, RECENT_COMMANDS);
  const shown = await chooseShown(hub, agentId, { active, recent }, request);
  const pending = listPendingCards(hub).filter(({ approval }) => approval.agentId === agentId);
  return { user, agent, active, recent, shown, pending };
}

/** Returns the command for the terminal: the one in the URL, else the running, the latest or the next one. */
async function chooseShown(
  hub: Hub,
  agentId: string,
  { active, recent }: { active: CommandExecution[]; recent: CommandExecution[] },
  request: Request,
): Promise<ShownCommand | null> {
  const chosenId = new URL(request.url).searchParams.get('command');
  const chosen = chosenId === null ? undefined : await hub.history.find(chosenId);
  const isChosen = chosen?.agentId === agentId;
  const running = active[0]?.status === 'running' ? active[0] : undefined;
  const command = isChosen ? chosen : (running ?? recent[0] ?? active[0]);
  if (!command) return null;
  return { command, output: hub.history.outputState(command.id), isChosen };
}

async function addAgent(
  hub: Hub,
  user: Identity,
  hubUrl: string,
  form: unknown,
): Promise<Response> {
  requireRole(user, 'admin');
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

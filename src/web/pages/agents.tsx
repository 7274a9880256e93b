// The overview and an agent's page, with their fragments and forms.
import { Elysia } from 'elysia';
import { Value } from '@sinclair/typebox/value';
import { AgentRegistration } from '../../protocol/api.ts';
import { hasEnded } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { AddAgentForm, AgentAdded, RevokeForm } from '../../../views/components/add-agent.tsx';
import { AgentLive, AgentPage, type AgentState } from '../../../views/pages/agent.tsx';
import type { AgentWithCommand } from '../../../views/components/agent-row.tsx';
import { AgentList, AgentsPage } from '../../../views/pages/agents.tsx';
import { CommandAccepted } from '../../../views/components/composer.tsx';
import { REFRESH } from '../../../views/events.ts';
import { NotFoundPage } from '../../../views/pages/not-found.tsx';
import type { Shown } from '../../../views/components/terminal.tsx';
import { document, fragment, redirect } from './response.ts';
import { openQuestions } from './approvals.tsx';
import { commandBody, field } from './form.ts';
import { type Enter, requireRole } from './guard.tsx';
import type { Identity, PageAuth, PageSource } from './page-source.ts';

/** How many ended commands an agent's page lists. */
const RECENT = 15;
const CHANGED = { 'hx-trigger': REFRESH };

/** The routes about agents. */
export function createAgentPages(source: PageSource, auth: PageAuth, enter: Enter) {
  return new Elysia({ name: 'pages/agents' })
    .get('/', ({ request }) =>
      enter(request, (reader) =>
        document(
          request,
          (frame) => <AgentsPage {...{ frame, reader, agents: agents(source) }} />,
          { waiting: source.approvals().length },
        ),
      ),
    )
    .get('/agents', ({ request }) =>
      enter(request, (reader) =>
        request.headers.has('hx-request')
          ? fragment(<AgentList reader={reader} agents={agents(source)} />)
          : redirect(request, '/'),
      ),
    )
    .get('/dialogs/add-agent', ({ request }) =>
      enter(request, (who) => {
        requireRole(who, 'admin');
        return fragment(<AddAgentForm />);
      }),
    )
    .post('/agents', ({ request, body }) =>
      enter(request, (who) => addAgent(source, auth, who, request, body)),
    )
    .get('/agents/:id', ({ request, params }) =>
      enter(request, async (reader) => {
        const state = await agentState(source, reader, params.id, request);
        if (!state) return noSuchAgent(request, reader, params.id);
        const requestId = Bun.randomUUIDv7();
        const waiting = source.approvals().length;
        return document(request, (frame) => <AgentPage {...state} {...{ frame, requestId }} />, {
          waiting,
        });
      }),
    )
    .get('/agents/:id/live', ({ request, params }) =>
      enter(request, async (reader) => {
        const state = await agentState(source, reader, params.id, request);
        return state ? fragment(<AgentLive {...state} />) : redirect(request, '/');
      }),
    )
    .post('/agents/:id/commands', ({ request, params, body }) =>
      enter(request, async (who) => {
        requireRole(who, 'operator');
        const { position } = await source.request(who, commandBody(params.id, body));
        const next = <CommandAccepted position={position} requestId={Bun.randomUUIDv7()} />;
        return fragment(next, { headers: CHANGED });
      }),
    )
    .get('/agents/:id/revoke', ({ request, params }) =>
      enter(request, (who) => {
        requireRole(who, 'admin');
        return fragment(<RevokeForm agentId={params.id} />);
      }),
    )
    .post('/agents/:id/revoke', ({ request, params }) =>
      enter(request, async (who) => {
        requireRole(who, 'admin');
        try {
          await source.revokeAgent(who, params.id);
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          return fragment(<RevokeForm agentId={params.id} refusal={error.message} />, {
            status: 422,
          });
        }
        return redirect(request, '/');
      }),
    );
}

/** Every agent with the command it is at. */
function agents(source: PageSource): AgentWithCommand[] {
  return source.agents().map((agent) => {
    const [first] = source.live(agent.agentId);
    const isCurrent = first && (first.status === 'running' || first.id === agent.currentCommand);
    const asked = source.approvals().find(({ agentId }) => agentId === agent.agentId);
    return { agent, current: isCurrent ? first : null, asks: asked?.title ?? null };
  });
}

async function agentState(
  source: PageSource,
  reader: Identity,
  agentId: string,
  request: Request,
): Promise<AgentState | undefined> {
  const agent = source.agent(agentId);
  if (!agent) return undefined;
  const live = source.live(agentId);
  // The newest of the history may be live still: as many more are asked for.
  const page = await source.history({ agentId, limit: Math.min(200, RECENT + live.length) });
  const recent = page.items.filter((command) => hasEnded(command.status)).slice(0, RECENT);
  const chosenId = new URL(request.url).searchParams.get('command');
  const chosen = chosenId === null ? undefined : await source.command(chosenId);
  const isTheirs = chosen?.agentId === agentId;
  const command = isTheirs
    ? chosen
    : live[0]?.status === 'running'
      ? live[0]
      : (recent[0] ?? live[0]);
  const shown: Shown | null = command
    ? { command, output: source.outputState(command.id), chosen: isTheirs }
    : null;
  const questions = openQuestions(source).filter(({ approval }) => approval.agentId === agentId);
  return { reader, agent, live, recent, shown, questions };
}

async function addAgent(
  source: PageSource,
  auth: PageAuth,
  who: Identity,
  request: Request,
  form: unknown,
): Promise<Response> {
  requireRole(who, 'admin');
  const agentId = field(form, 'agentId').trim();
  const agentType = field(form, 'agentType');
  const again = (refusal: string) =>
    fragment(<AddAgentForm {...{ agentId, agentType, refusal }} />, { status: 422 });
  const registration: unknown = { agentId, agentType };
  if (!Value.Check(AgentRegistration, registration)) {
    return again(
      'A name has at most 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit.',
    );
  }
  try {
    const registered = await source.registerAgent(who, registration);
    const hubUrl = auth.hubUrl(request);
    return fragment(<AgentAdded {...{ registered, hubUrl }} />, { headers: CHANGED });
  } catch (error) {
    if (error instanceof HubError) return again(error.message);
    throw error;
  }
}

function noSuchAgent(request: Request, reader: Identity, agentId: string): Response {
  const what = `No agent is called “${agentId}”. It may have been revoked.`;
  return document(request, (frame) => <NotFoundPage {...{ frame, reader, what }} />, {
    status: 404,
  });
}

// The list of agents with their status.
import { DialogButton } from '../components/dialog.tsx';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { type AgentListItem, AgentRow } from '../components/agent-row.tsx';
import { Icon } from '../components/icons.tsx';
import { Page, type PageContext, type User } from '../components/layout.tsx';
import { agentStatusOf, StatusIndicator } from '../components/status.tsx';
import { ANY_AGENT, ANY_APPROVAL, ANY_COMMAND, REFRESH, triggerOn } from '../events.ts';
import { agentStatusLabels, type DisplayStatus } from '../format/labels.ts';

interface AgentsProps {
  user: User;
  agents: AgentListItem[];
  /** Whether an admin has limited the user to some agents. */
  isLimited?: boolean;
  /** The hub's time. */
  now: number;
}

/** The page at `/`. */
export function AgentsPage(props: AgentsProps & { context: PageContext }) {
  const { context, user } = props;
  return (
    <Page context={context} user={user} title="Agents" section="agents">
      <div class="page-header">
        <h1>Agents</h1>
        {isPermitted(user.role, 'agents:manage') && <AddButton />}
      </div>
      <AgentList {...props} />
    </Page>
  );
}

/** The list updates itself on every change, and every 10 s to refresh the heartbeats. */
export function AgentList({ user, agents, isLimited = false, now }: AgentsProps) {
  return (
    <section
      id="agents"
      aria-label="Agents"
      hx-get="/agents"
      hx-trigger={`${triggerOn(ANY_AGENT, ANY_COMMAND, ANY_APPROVAL, REFRESH)}, every 10s`}
      hx-swap="outerMorph"
      hx-sync="this:queue last"
    >
      {agents.length === 0 ? (
        <NoAgents user={user} isLimited={isLimited} />
      ) : (
        <AgentRows agents={agents} now={now} />
      )}
    </section>
  );
}

function AgentRows({ agents, now }: Pick<AgentsProps, 'agents' | 'now'>) {
  const statuses: DisplayStatus[] = ['waiting', 'online', 'busy', 'offline'];
  const countOf = (status: DisplayStatus) =>
    agents.filter(({ agent }) => agentStatusOf(agent) === status).length;
  return (
    <>
      <p class="agent-counts">
        {statuses
          .filter((status) => status !== 'waiting' || countOf(status) > 0)
          .map((status) => (
            <span key={status} class={`agent-count-${status}`}>
              <b>{countOf(status)}</b> {agentStatusLabels[status].toLowerCase()}
            </span>
          ))}
      </p>
      <ul class="agents">
        {agents.map((item) => (
          <AgentRow key={item.agent.agentId} {...item} now={now} />
        ))}
      </ul>
    </>
  );
}

function AddButton() {
  return (
    <DialogButton url="/dialogs/add-agent" kind="primary">
      <Icon name="plus" />
      Add agent
    </DialogButton>
  );
}

function NoAgents({ user, isLimited }: { user: User; isLimited: boolean }) {
  return (
    <div class="empty">
      <div class="empty-icons" aria-hidden="true">
        <StatusIndicator status="offline" />
        <StatusIndicator status="busy" />
        <StatusIndicator status="online" />
      </div>
      <h2>{isLimited ? 'No access' : 'No agents yet'}</h2>
      {isPermitted(user.role, 'agents:manage') ? (
        <>
          <p>Add your first agent in three steps:</p>
          <ol class="steps">
            <li>Choose an ID and an AI program.</li>
            <li>Copy the start command.</li>
            <li>Run it on the machine where Claude Code, Gemini CLI or Codex is installed.</li>
          </ol>
          <AddButton />
        </>
      ) : (
        <p>
          {isLimited
            ? 'You have access to no agent. Ask an admin.'
            : 'Ask an admin to add one. It then appears here automatically.'}
        </p>
      )}
    </div>
  );
}

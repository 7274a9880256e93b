// The header of an agent's page: who the agent is, how it is, its queue on narrow windows, and a menu.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { isPermitted } from '../../src/protocol/permissions.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { agentTokensUrl, agentUrl, historyUrl } from '../urls.ts';
import { AgentSwitch } from './agent-switch.tsx';
import { DialogButton } from './dialog.tsx';
import { Icon } from './icons.tsx';
import type { User } from './layout.tsx';
import { Liveness } from './liveness.tsx';
import { PauseBadge } from './pause.tsx';
import { agentStatusOf, AgentStatusLabel } from './status.tsx';

interface AgentHeaderProps {
  agent: AgentSummary;
  user: User;
  /** The hub's time. */
  now: number;
}

export function AgentHeader({ agent, user, now }: AgentHeaderProps) {
  return (
    <header id="agent-header" class="agent-header">
      <h1 class="agent-id">{agent.agentId}</h1>
      <AgentSwitch agentId={agent.agentId} />
      <p class="agent-facts">
        <AgentStatusLabel status={agentStatusOf(agent)} />
        <span class="agent-type">{agentTypeLabels[agent.agentType]}</span>
        {agent.labels.map((label) => (
          <span key={label} class="badge">
            {label}
          </span>
        ))}
        {agent.paused && <PauseBadge pause={agent.paused} />}
        <Liveness agent={agent} now={now} />
      </p>
      <button class="button button-small side-button" type="button" popovertarget="side">
        Queue <span class="badge">{agent.queueLength}</span>
        <span class="side-changes">Changes</span>
      </button>
      <button
        class="icon-button"
        type="button"
        popovertarget="agent-menu"
        aria-label={`More about ${agent.agentId}`}
      >
        <Icon name="more" />
      </button>
      <AgentMenu agentId={agent.agentId} user={user} />
    </header>
  );
}

function AgentMenu({ agentId, user }: { agentId: string; user: User }) {
  return (
    <div id="agent-menu" class="menu" popover="auto">
      <a class="menu-item" href={historyUrl({ agentId })}>
        View history
      </a>
      {isPermitted(user.role, 'agents:manage') && (
        <>
          <DialogButton url={`${agentUrl(agentId)}/labels`} kind="menu">
            Labels…
          </DialogButton>
          <DialogButton url={agentTokensUrl(agentId)} kind="menu">
            Tokens…
          </DialogButton>
          <DialogButton url={`${agentUrl(agentId)}/remove`} kind="menu">
            Remove…
          </DialogButton>
        </>
      )}
    </div>
  );
}

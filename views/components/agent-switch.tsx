// The menu of all agents in the header of an agent's page. Its list is loaded when it is opened.
import type { AgentSummary } from '../../src/protocol/entities.ts';
import { agentSwitchUrl, agentUrl } from '../urls.ts';
import { Icon } from './icons.tsx';
import { agentStatusOf, AgentStatusLabel } from './status.tsx';

/** The number of agents in the menu. The overview shows the others. */
const LENGTH = 30;
/** What needs a person comes first. */
const ORDER = ['waiting', 'busy', 'online', 'offline'] as const;

export function AgentSwitch({ agentId }: { agentId: string }) {
  return (
    <>
      <button
        class="icon-button"
        type="button"
        popovertarget="agent-switch"
        title="Other agents"
        aria-label="Other agents"
        hx-get={agentSwitchUrl(agentId)}
        hx-target="#agent-switch"
      >
        <Icon name="chevron" />
      </button>
      <div id="agent-switch" class="menu agent-switch" popover="auto" hx-morph-skip-children />
    </>
  );
}

/** @param current the agent whose page is open */
export function AgentSwitchList({ agents, current }: { agents: AgentSummary[]; current: string }) {
  const rank = (agent: AgentSummary) => ORDER.indexOf(agentStatusOf(agent));
  const shown = agents
    .toSorted((a, b) => rank(a) - rank(b) || a.agentId.localeCompare(b.agentId))
    .slice(0, LENGTH);
  return (
    <>
      {shown.map((agent) => (
        <a
          key={agent.agentId}
          class="menu-item"
          href={agentUrl(agent.agentId)}
          aria-current={agent.agentId === current ? 'page' : undefined}
        >
          <span class="mono">{agent.agentId}</span>
          <AgentStatusLabel status={agentStatusOf(agent)} />
        </a>
      ))}
      <a class="menu-item" href="/">
        All agents
      </a>
    </>
  );
}

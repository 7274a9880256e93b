// An agent in the list of agents: its status, its current command and the length of its queue.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentUrl } from '../urls.ts';
import { isStopping } from '../format/command-state.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { formatCount } from '../format/units.ts';
import { Liveness } from './liveness.tsx';
import { agentStatusOf, AgentStatusLabel, StatusIndicator } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

export interface AgentListItem {
  agent: AgentSummary;
  /** The command it is running, or was sent and has not started. */
  current: CommandExecution | null;
  /** The title of its oldest pending approval request. */
  pendingTitle: string | null;
}

/** The number of queued commands drawn as blocks. */
const MAX_BLOCKS = 8;

/** The whole row is a link to the agent's page. */
export function AgentRow({ agent, current, pendingTitle }: AgentListItem) {
  const status = agentStatusOf(agent);
  return (
    <li class={`agent agent-${status}`} id={`agent-${agent.agentId}`}>
      <StatusIndicator status={status} />
      <div class="agent-identity">
        <h2>
          <a class="agent-link" href={agentUrl(agent.agentId)}>
            {agent.agentId}
          </a>
        </h2>
        <p class="agent-facts">
          <AgentStatusLabel status={status} />
          <span>{agentTypeLabels[agent.agentType]}</span>
        </p>
      </div>
      <div class="agent-activity">
        <CurrentCommand agent={agent} current={current} />
        {pendingTitle !== null && (
          <p class="agent-approval">
            <span>Needs approval:</span> <b>{pendingTitle}</b>
          </p>
        )}
        <p class="agent-liveness agent-facts">
          <Liveness agent={agent} />
        </p>
      </div>
      <QueueLength length={agent.queueLength} />
    </li>
  );
}

function CurrentCommand({ agent, current }: Pick<AgentListItem, 'agent' | 'current'>) {
  if (!current) {
    return (
      <p class="agent-command agent-idle">
        {agent.status === 'offline' ? 'No running command' : 'Idle'}
      </p>
    );
  }
  return (
    <p class="agent-command">
      <code class="one-line">{current.command}</code>
      <span class="elapsed">
        {isStopping(current) && 'Stopping… '}
        <Timestamp at={current.startedAt ?? current.requestedAt} as="elapsed" />
      </span>
    </p>
  );
}

function QueueLength({ length }: { length: number }) {
  return (
    <p class={`queue-length ${length === 0 ? 'queue-length-zero' : ''}`}>
      <span class="queue-length-bar" aria-hidden="true">
        {Array.from({ length: Math.min(length, MAX_BLOCKS) }, (_, block) => (
          <i key={block} />
        ))}
      </span>
      <span class="queue-length-label">
        {length === 0 ? 'Queue empty' : `${formatCount(length, 'command')} queued`}
      </span>
    </p>
  );
}

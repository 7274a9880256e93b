// An agent in the list of agents: its status, its current command and the length of its queue.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentUrl } from '../urls.ts';
import { isStopping } from '../format/command-state.ts';
import { agentTypeLabels } from '../format/labels.ts';
import { formatCount } from '../format/units.ts';
import { Liveness } from './liveness.tsx';
import { PauseLabel } from './pause.tsx';
import { waitClass } from './queue-wait.tsx';
import { agentStatusOf, AgentStatusLabel, StatusIndicator } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

export interface AgentListItem {
  agent: AgentSummary;
  /** The command it is running, or was sent and has not started. */
  current: CommandExecution | null;
  /** The title of its oldest pending approval request. */
  pendingTitle: string | null;
  /** When the oldest queued command was requested; null if the queue is empty. */
  queuedSince: number | null;
}

/** The number of queued commands drawn as blocks. */
const MAX_BLOCKS = 8;

/** The whole row is a link to the agent's page. `now` is the hub's time. */
export function AgentRow(props: AgentListItem & { now: number }) {
  const { agent, current, pendingTitle, queuedSince, now } = props;
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
        {agent.paused && <PauseLabel pause={agent.paused} />}
        <p class="agent-liveness agent-facts">
          <Liveness agent={agent} now={now} />
        </p>
      </div>
      <QueueLength length={agent.queueLength} since={queuedSince} now={now} />
    </li>
  );
}

/** The activity of an agent without a command. A busy one is stopping a command that has ended on the hub. */
const idleTexts = { online: 'Idle', busy: 'Stopping a command…', offline: 'No running command' };

function CurrentCommand({ agent, current }: Pick<AgentListItem, 'agent' | 'current'>) {
  if (!current) {
    return <p class="agent-command agent-idle">{idleTexts[agent.status]}</p>;
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

function QueueLength(props: { length: number; since: number | null; now: number }) {
  const { length, since, now } = props;
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
      {since !== null && (
        <span class={waitClass('queue-length-wait', since, now)}>
          Longest wait <Timestamp at={since} as="age" />
        </span>
      )}
    </p>
  );
}

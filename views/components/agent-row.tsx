// One agent in the overview: its signal, its name, what it does, and the track of commands that wait for it.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentAddress } from '../addresses.ts';
import { count } from '../format/units.ts';
import { Moment } from './moment.tsx';
import { AgentStatusWord, lampOf, SignalHead } from './status.tsx';
import { Signs } from './liveness.tsx';
import { agentTypes } from '../format/labels.ts';

/** An agent, and the command it runs or is about to, if any. */
export interface AgentWithCommand {
  agent: AgentSummary;
  current: CommandExecution | null;
  /** The title of its oldest open question, if it has one. */
  asks: string | null;
}

/** The most blocks a track shows before it only counts. */
const BLOCKS = 8;

/** A row of the overview; the whole of it is the link. */
export function AgentRow({ agent, current, asks }: AgentWithCommand) {
  const lamp = lampOf(agent);
  return (
    <li class={`agent agent-${lamp}`} id={`agent-${agent.agentId}`}>
      <SignalHead lamp={lamp} />
      <div class="agent-who">
        <h2>
          <a class="agent-link" href={agentAddress(agent.agentId)}>
            {agent.agentId}
          </a>
        </h2>
        <p class="agent-facts">
          <AgentStatusWord lamp={lamp} />
          <span>{agentTypes[agent.agentType]}</span>
        </p>
      </div>
      <div class="agent-now">
        <NowLine agent={agent} current={current} />
        {asks !== null && (
          <p class="agent-asks">
            <span>Asks</span> <b>{asks}</b>
          </p>
        )}
        <p class="agent-heartbeat agent-facts">
          <Signs agent={agent} />
        </p>
      </div>
      <Track length={agent.queueLength} />
    </li>
  );
}

function NowLine({ agent, current }: Pick<AgentWithCommand, 'agent' | 'current'>) {
  if (!current) {
    const idle = agent.status === 'offline' ? 'Not connected' : 'Idle, ready for a command';
    return <p class="agent-command agent-idle">{idle}</p>;
  }
  const since = current.startedAt ?? current.requestedAt;
  return (
    <p class="agent-command">
      <code class="one-line">{current.command}</code>
      <span class="elapsed">
        {agent.status === 'offline' ? 'away ' : ''}
        <Moment at={since} as="elapsed" />
      </span>
    </p>
  );
}

/** The commands that wait, as blocks on a line that leads to the agent. */
function Track({ length }: { length: number }) {
  return (
    <p class={`track ${length === 0 ? 'track-clear' : ''}`}>
      <span class="track-line" aria-hidden="true">
        {Array.from({ length: Math.min(length, BLOCKS) }, (_, block) => (
          <i key={block} />
        ))}
      </span>
      <span class="track-count">
        {length === 0 ? 'Queue empty' : `${count(length, 'command')} queued`}
      </span>
    </p>
  );
}

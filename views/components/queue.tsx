// What an agent has before it: the command it is at, then those that wait, in their order.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { agentAddress } from '../addresses.ts';
import { InterruptButton } from './interrupt.tsx';
import { Moment } from './moment.tsx';
import { PriorityWord } from './status.tsx';

interface QueueProps {
  agent: AgentSummary;
  /** The running (or sent) command first, if any, then the queue in order. */
  live: CommandExecution[];
  mayInterrupt: boolean;
}

/** The queue of one agent. */
export function Queue({ agent, live, mayInterrupt }: QueueProps) {
  const isCurrent = (command: CommandExecution) =>
    command.status === 'running' || command.id === agent.currentCommand;
  const waiting = live.filter((command) => !isCurrent(command));
  return (
    <section id="queue" class="panel" aria-labelledby="queue-title">
      <h2 id="queue-title">
        Queue <span class="badge">{waiting.length}</span>
      </h2>
      {live.length === 0 && (
        <p class="quiet">
          {agent.status === 'offline'
            ? 'Nothing waits.'
            : 'Nothing waits. A command sent now runs at once.'}
        </p>
      )}
      <ol class="queue">
        {live.map((command) => (
          <QueueRow
            key={command.id}
            command={command}
            position={isCurrent(command) ? null : waiting.indexOf(command) + 1}
            mayInterrupt={mayInterrupt}
          />
        ))}
      </ol>
    </section>
  );
}

interface QueueRowProps {
  command: CommandExecution;
  /** From 1; null for the one the agent is at. */
  position: number | null;
  mayInterrupt: boolean;
}

function QueueRow({ command, position, mayInterrupt }: QueueRowProps) {
  return (
    <li id={`queued-${command.id}`} class={position === null ? 'queue-now' : ''}>
      <span class="queue-position">{position === null ? 'Now' : position}</span>
      <div class="queue-what">
        <a href={agentAddress(command.agentId, command.id)}>
          <code class="one-line">{command.command}</code>
        </a>
        <p class="facts">
          <PriorityWord priority={command.priority} />
          <span>
            {command.requestedBy}, <Moment at={command.requestedAt} />
          </span>
        </p>
      </div>
      {mayInterrupt && <InterruptButton command={command} small />}
    </li>
  );
}

// The commands of an agent that have not finished: the current one, then the queue.
import type { ComponentChildren } from 'preact';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { isCurrent, isStopping } from '../format/command-state.ts';
import { commandUrl } from '../urls.ts';
import { InterruptButton } from './interrupt-button.tsx';
import { QueueWait } from './queue-wait.tsx';
import { CommandStatusLabel, PriorityLabel } from './status.tsx';
import { Timestamp } from './timestamp.tsx';

interface QueueProps {
  agent: AgentSummary;
  /** The current command first, then the queued ones in order. */
  active: CommandExecution[];
  canInterrupt: boolean;
  /** The hub's time. */
  now: number;
}

export function Queue({ agent, active, canInterrupt, now }: QueueProps) {
  const queued = active.filter((command) => !isCurrent(command, agent));
  return (
    <section id="queue" class="panel" aria-labelledby="queue-title">
      <h2 id="queue-title">
        Queue <span class="badge">{queued.length}</span>
      </h2>
      {active.length === 0 && <p class="hint">The queue is empty.</p>}
      <ol class="queue">
        {active.map((command) => {
          const index = queued.indexOf(command);
          return (
            <QueueRow
              key={command.id}
              command={command}
              position={index < 0 ? null : index + 1}
              canInterrupt={canInterrupt}
            >
              {index >= 0 && (
                <QueueWait
                  command={command}
                  agent={agent}
                  ahead={queued.slice(0, index)}
                  hasCurrent={active.length > queued.length}
                  now={now}
                />
              )}
            </QueueRow>
          );
        })}
      </ol>
    </section>
  );
}

interface QueueRowProps {
  command: CommandExecution;
  /** From 1; null for the current command. */
  position: number | null;
  canInterrupt: boolean;
  /** How long it has waited. */
  children: ComponentChildren;
}

function QueueRow({ command, position, canInterrupt, children }: QueueRowProps) {
  return (
    <li id={`queued-${command.id}`} class={position === null ? 'queue-current' : ''}>
      <span class="queue-position">{position ?? 'Now'}</span>
      <div class="queue-command">
        <a href={commandUrl(command.id)}>
          <code class="one-line">{command.command}</code>
        </a>
        <p class="facts">
          {isStopping(command) && <CommandStatusLabel command={command} />}
          <PriorityLabel priority={command.priority} />
          <span>
            {command.requestedBy}
            {position === null && (
              <>
                , <Timestamp at={command.requestedAt} />
              </>
            )}
          </span>
        </p>
        {children}
      </div>
      {canInterrupt && !isStopping(command) && <InterruptButton command={command} small />}
    </li>
  );
}

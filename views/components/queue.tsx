// The commands of an agent that have not finished: the current one, then the queue, which can be changed. The island makes
// the rows movable (src/browser/queue-list.ts).
import type { ComponentChildren } from 'preact';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { isCurrent, isStopping } from '../format/command-state.ts';
import { agentUrl, commandUrl } from '../urls.ts';
import { CancelButton, UndoCancelButton } from './cancel-button.tsx';
import { DialogButton } from './dialog.tsx';
import { Icon } from './icons.tsx';
import { InterruptButton } from './interrupt-button.tsx';
import { PauseNotice } from './pause.tsx';
import { QueueWait } from './queue-wait.tsx';
import { CommandStatusLabel, PriorityLabel } from './status.tsx';
import { Timestamp } from './timestamp.tsx';
import { PriorityOptions } from './priority-options.tsx';

interface QueueProps {
  agent: AgentSummary;
  /** The current command first, then the queued ones in order. */
  active: CommandExecution[];
  canInterrupt: boolean;
  /** Whether the user may change the queue and pause the agent. */
  canManage?: boolean;
  /** The hub's time. */
  now: number;
}

export function Queue({ agent, active, canInterrupt, canManage = false, now }: QueueProps) {
  const queued = active.filter((command) => !isCurrent(command, agent));
  const waiting = queued.filter((command) => !isStopping(command));
  return (
    <section id="queue" class="panel queue-panel" aria-labelledby="queue-title">
      <div class="queue-header">
        <h2 id="queue-title">
          Queue <span class="badge">{waiting.length}</span>
        </h2>
        {canManage && !agent.paused && (
          <DialogButton url={`${agentUrl(agent.agentId)}/pause`} kind="small">
            Pause…
          </DialogButton>
        )}
      </div>
      {agent.paused && (
        <PauseNotice agentId={agent.agentId} pause={agent.paused} canManage={canManage} />
      )}
      {active.length === 0 && <p class="hint">The queue is empty.</p>}
      <ol class="queue" data-queue={canManage ? '' : undefined}>
        {active.map((command) => {
          const index = waiting.indexOf(command);
          const isQueued = queued.includes(command);
          return (
            <QueueRow
              key={command.id}
              command={command}
              position={index < 0 ? null : index + 1}
              isQueued={isQueued}
              canInterrupt={canInterrupt}
              canManage={canManage}
            >
              {index >= 0 && (
                <QueueWait
                  command={command}
                  agent={agent}
                  ahead={waiting.slice(0, index)}
                  hasCurrent={active.length > queued.length}
                  now={now}
                />
              )}
            </QueueRow>
          );
        })}
      </ol>
      {canManage && waiting.length > 1 && (
        <p class="hint queue-hint">
          Drag the numbers, or press <kbd>Alt</kbd> <kbd>↑</kbd> and <kbd>Alt</kbd> <kbd>↓</kbd>, to
          change the order.
        </p>
      )}
    </section>
  );
}

interface QueueRowProps {
  command: CommandExecution;
  /** From 1; null for the current command, and for one that was cancelled. */
  position: number | null;
  isQueued: boolean;
  canInterrupt: boolean;
  canManage: boolean;
  /** How long it has waited. */
  children: ComponentChildren;
}

function QueueRow(props: QueueRowProps) {
  const { command, position, isQueued, canInterrupt, canManage, children } = props;
  if (isQueued && position === null) return <CancelledRow {...props} />;
  const isMovable = isQueued && canManage;
  return (
    <li
      id={`queued-${command.id}`}
      class={isQueued ? 'queue-row' : 'queue-row queue-current'}
      {...(isMovable && { 'data-queued': command.id, 'data-priority': command.priority })}
    >
      {isMovable ? (
        <button
          type="button"
          class="queue-position queue-grip"
          data-grip
          aria-label={`Move number ${position}: ${command.command.slice(0, 80)}`}
          aria-keyshortcuts="Alt+ArrowUp Alt+ArrowDown"
          title="Drag to change the order"
        >
          <Icon name="grip" />
          {position}
        </button>
      ) : (
        <span class="queue-position">{position ?? 'Now'}</span>
      )}
      <div class="queue-command">
        <a href={commandUrl(command.id)}>
          <code class={isQueued ? 'queue-text' : 'one-line'}>{command.command}</code>
        </a>
        <div class="queue-meta">
          <p class="facts">
            {isStopping(command) && <CommandStatusLabel command={command} />}
            {isMovable ? (
              <PrioritySelect command={command} />
            ) : (
              <PriorityLabel priority={command.priority} />
            )}
            <span>
              {command.requestedBy}
              {!isQueued && (
                <>
                  , <Timestamp at={command.requestedAt} />
                </>
              )}
            </span>
            {command.editedBy !== null && (
              <span>
                edited{command.editedBy !== command.requestedBy && ` by ${command.editedBy}`}
              </span>
            )}
          </p>
          <QueueActions command={command} isMovable={isMovable} canInterrupt={canInterrupt} />
        </div>
        {children}
      </div>
    </li>
  );
}

interface QueueActionsProps {
  command: CommandExecution;
  isMovable: boolean;
  canInterrupt: boolean;
}

function QueueActions({ command, isMovable, canInterrupt }: QueueActionsProps) {
  return (
    <div class="queue-actions">
      {isMovable && command.comparisonId === null && (
        <DialogButton
          url={`${commandUrl(command.id)}/edit`}
          kind="icon"
          label={`Edit: ${command.command.slice(0, 80)}`}
        >
          <Icon name="edit" />
        </DialogButton>
      )}
      {isMovable && <CancelButton command={command} small />}
      {canInterrupt && !isMovable && !isStopping(command) && (
        <InterruptButton command={command} small />
      )}
    </div>
  );
}

/** A command that was cancelled less than 10 s ago. */
function CancelledRow({ command, canManage }: QueueRowProps) {
  return (
    <li id={`queued-${command.id}`} class="queue-row queue-cancelled">
      <span class="queue-position" aria-hidden="true">
        –
      </span>
      <div class="queue-command">
        <code class="one-line">{command.command}</code>
        <p class="facts" role="status">
          Cancelled
        </p>
      </div>
      {canManage && <UndoCancelButton command={command} />}
    </li>
  );
}

function PrioritySelect({ command }: { command: CommandExecution }) {
  return (
    <select
      class={`queue-priority priority-${command.priority}`}
      name="priority"
      aria-label={`Priority of ${command.command.slice(0, 80)}`}
      hx-post={`${commandUrl(command.id)}/change`}
      hx-trigger="change"
      hx-target="#notices"
    >
      <PriorityOptions selected={command.priority} />
    </select>
  );
}

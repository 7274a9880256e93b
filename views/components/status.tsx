// Status indicators and labels. Each status has its own shape and text, so that it is never shown by color alone.
import type { CommandStatus, Priority } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { describeState, isStopping, isWaiting } from '../format/command-state.ts';
import { agentStatusLabels, type DisplayStatus, priorityLabels } from '../format/labels.ts';

/** Returns the status to show. Offline takes precedence over waiting: an offline agent receives no response. */
export function agentStatusOf(
  agent: Pick<AgentSummary, 'status' | 'waitingForApproval'>,
): DisplayStatus {
  return agent.waitingForApproval && agent.status !== 'offline' ? 'waiting' : agent.status;
}

/**
 * An agent's status as a signal with three lamps. The bottom lamp is lit when online, the middle one when busy, and the
 * top one, with a question mark, when waiting for approval. Offline is a ring with a bar.
 */
export function StatusIndicator({ status }: { status: DisplayStatus }) {
  return (
    <svg
      class={`indicator indicator-${status}`}
      viewBox="0 0 28 60"
      width="28"
      height="60"
      aria-hidden="true"
    >
      <rect class="indicator-case" x="1" y="1" width="26" height="58" rx="13" />
      <circle class="lamp lamp-top" cx="14" cy="14" r="6.5" />
      <circle class="lamp lamp-middle" cx="14" cy="30" r="6.5" />
      <circle class="lamp lamp-bottom" cx="14" cy="46" r="6.5" />
      {status === 'offline' && <path class="indicator-bar" d="M8 30h12" />}
      {status === 'waiting' && (
        <path
          class="indicator-question"
          d="M11.8 12a2.3 2.3 0 1 1 3.3 2.1q-1.1.5-1.1 1.6m0 2.2v.2"
        />
      )}
    </svg>
  );
}

/** An agent's status as text with a small icon. */
export function AgentStatusLabel({ status }: { status: DisplayStatus }) {
  return (
    <span class={`status status-${status}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        {status === 'online' && <circle cx="6" cy="6" r="5" class="fill" />}
        {status === 'busy' && <path d="M6 .8 11.4 11H.6z" class="fill" />}
        {status === 'waiting' && <path d={QUESTION_MARK} class="stroke" />}
        {status === 'offline' && (
          <path d="M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6M3.4 6h5.2" class="stroke" />
        )}
      </svg>
      {agentStatusLabels[status]}
    </span>
  );
}

/** On a 12 by 12 grid. */
const QUESTION_MARK = 'M3.6 3.6a2.4 2.4 0 1 1 3.7 2.0q-1.3.8-1.3 2.1m0 2.5v.1';

/** The icon of a pending approval request. */
export function PendingIcon() {
  return (
    <span class="status status-waiting">
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d={QUESTION_MARK} class="stroke" />
      </svg>
    </span>
  );
}

const commandIcons: Record<CommandStatus, { d: string; kind: 'fill' | 'stroke' }> = {
  queued: { d: 'M7 1.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M7 4v3.2l2 1.3', kind: 'stroke' },
  running: { d: 'M3.5 2.2v9.6L12 7z', kind: 'fill' },
  completed: { d: 'm2.2 7.6 3.2 3.2 6.4-7', kind: 'stroke' },
  failed: { d: 'm3 3 8 8m0-8-8 8', kind: 'stroke' },
  interrupted: { d: 'M3 3h8v8H3z', kind: 'fill' },
};

interface CommandStatusLabelProps {
  command: CommandExecution;
  /** Its agent, where the page shows a command that was cancelled in the queue and can be restored. */
  agent?: AgentSummary | null;
}

/** A command's state as text with an icon. */
export function CommandStatusLabel({ command, agent }: CommandStatusLabelProps) {
  const { status } = command;
  const isCancelled = agent !== undefined && isStopping(command) && isWaiting(command, agent);
  const icon = commandIcons[status];
  return (
    <span class={`status status-${status}`}>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        <path d={icon.d} class={icon.kind} />
      </svg>
      {isCancelled ? 'Cancelled' : describeState(command).label}
    </span>
  );
}

/** A priority as text with one to three bars. */
export function PriorityLabel({ priority }: { priority: Priority }) {
  const bars = { low: 1, normal: 2, high: 3 }[priority];
  return (
    <span class={`priority priority-${priority}`}>
      <svg viewBox="0 0 14 12" width="14" height="12" aria-hidden="true">
        {[0, 1, 2].map((bar) => (
          <rect
            key={bar}
            class={bar < bars ? 'on' : 'off'}
            x={bar * 5}
            y={8 - bar * 3.5}
            width="3.4"
            height={4 + bar * 3.5}
            rx="1"
          />
        ))}
      </svg>
      {priorityLabels[priority]}
    </span>
  );
}

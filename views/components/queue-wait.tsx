// How long a queued command has waited, and what it is waiting for.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { formatCount } from '../format/units.ts';
import { Timestamp } from './timestamp.tsx';

/** A command that waits this long is highlighted: others with a higher priority may be starving it. */
const LONG_WAIT_MS = 15 * 60_000;

interface QueueWaitProps {
  command: CommandExecution;
  agent: AgentSummary;
  /** The queued commands that run before it. */
  ahead: CommandExecution[];
  /** Whether a command is running or about to start. */
  hasCurrent: boolean;
  /** The hub's time. */
  now: number;
}

/** `Waiting 40 min behind 12 high-priority commands`. */
export function QueueWait({ command, now, ...others }: QueueWaitProps) {
  return (
    <p class={waitClass('queue-wait', command.requestedAt, now)}>
      Waiting <Timestamp at={command.requestedAt} as="age" />
      {describeReason({ command, ...others })}
    </p>
  );
}

/** Returns the CSS class of a wait. From 15 min, it is highlighted as a warning. */
export function waitClass(name: string, since: number, now: number): string {
  return now - since >= LONG_WAIT_MS ? `${name} queue-wait-long` : name;
}

const ranks = { low: 0, normal: 1, high: 2 };

function describeReason(props: Omit<QueueWaitProps, 'now'>): string {
  const { command, agent, ahead, hasCurrent } = props;
  const preferred = ahead.filter(({ priority }) => ranks[priority] > ranks[command.priority]);
  const [first] = preferred;
  if (first) {
    const isUniform = preferred.every(({ priority }) => priority === first.priority);
    const kind = isUniform ? first.priority : 'higher';
    return ` behind ${formatCount(preferred.length, `${kind}-priority command`)}`;
  }
  if (ahead.length > 0) return ` behind ${formatCount(ahead.length, 'command')}`;
  if (agent.paused) return ' for the agent to be resumed';
  if (agent.status === 'offline') return ' for the agent to connect';
  if (hasCurrent) return ' behind the running command';
  // The previous command has ended on the hub, but its agent is still stopping it.
  return agent.status === 'busy' ? ' for the previous command to stop' : '';
}

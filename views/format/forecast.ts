// What will happen to a command that is sent now, and to one that was accepted.
import type { Priority } from '../../src/protocol/command-status.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { isCurrent, isStopping } from './command-state.ts';

const ranks: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

/**
 * Returns `Runs now`, `Runs next`, `3rd in the queue`, or that the agent is offline or paused.
 * @param active the current command first, then the queue
 */
export function describeForecast(
  agent: AgentSummary,
  active: readonly CommandExecution[],
  priority: Priority,
): string {
  const queued = active.filter((command) => !isCurrent(command, agent) && !isStopping(command));
  const ahead = queued.filter((command) => ranks[command.priority] <= ranks[priority]).length;
  const place = `${formatOrdinal(ahead + 1)} in the queue`;
  if (agent.status === 'offline') {
    return `${agent.agentId} is offline: ${ahead === 0 ? 'runs when it is online' : place}`;
  }
  if (agent.paused) {
    return `${agent.agentId} is paused: ${ahead === 0 ? 'runs when it is resumed' : place}`;
  }
  if (ahead > 0) return place;
  const isWorking = agent.status === 'busy' || active.some((command) => isCurrent(command, agent));
  return isWorking ? 'Runs next' : 'Runs now';
}

/**
 * Describes what happens to a command that was accepted.
 * @param position the number of commands before it
 */
export function describePosition(
  { agentId, status, paused }: AgentSummary,
  position: number,
  sent = 'Sent',
): string {
  if (paused) return `Queued until ${agentId} is resumed`;
  if (status === 'offline') return `Queued until ${agentId} is online`;
  return position === 0 ? sent : `Queued at position ${position + 1}`;
}

/** Formats a position: `1st`, `2nd`, `3rd`, `4th`. */
export function formatOrdinal(n: number): string {
  const endings = { one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' };
  return `${n}${endings[rules.select(n)]}`;
}

const rules = new Intl.PluralRules('en', { type: 'ordinal' });

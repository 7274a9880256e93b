// What pages show about the state of a command.
import { getRunTime } from '../../src/protocol/command-state.ts';
import { formatDuration } from '../../src/protocol/duration.ts';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { UNKNOWN } from './units.ts';

export { describeState, getRunTime, isStopping } from '../../src/protocol/command-state.ts';

/** Whether a command is the one its agent works on: it is running, or was sent and has not started. */
export function isCurrent(command: CommandExecution, agent: AgentSummary): boolean {
  return command.status === 'running' || command.id === agent.currentCommand;
}

/** Whether a command waits in the queue. @param agent its agent; null if it has been removed */
export function isWaiting(command: CommandExecution, agent: AgentSummary | null): boolean {
  return command.status === 'queued' && !(agent && isCurrent(command, agent));
}

/** Formats how long a command ran. */
export function formatRunTime(command: CommandExecution): string {
  const runTime = getRunTime(command);
  return runTime === null ? UNKNOWN : formatDuration(runTime);
}

// Describes the state of a command in words, in the same way on pages and on the command line. A status alone does not say
// why a command failed or was interrupted.
import { requiredCapability } from './capabilities.ts';
import { type CommandStatus, hasEnded } from './command-status.ts';
import { formatDuration } from './duration.ts';
import type { CommandExecution } from './entities.ts';

export const commandStatusLabels: Record<CommandStatus, string> = {
  queued: 'Queued',
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  interrupted: 'Interrupted',
};

/** A command's state: `Failed`, and `12.4 s · exit 3`. */
export interface CommandState {
  label: string;
  /** More about how it ended, if known. */
  detail: string | null;
}

/** Whether a command is being stopped and has not ended yet. */
export function isStopping({
  status,
  stopReason,
}: Pick<CommandExecution, 'status' | 'stopReason'>): boolean {
  return stopReason !== null && !hasEnded(status);
}

/** Describes a command's state. */
export function describeState(command: CommandExecution): CommandState {
  const { status, startedAt, error, disconnectedAt } = command;
  const label = commandStatusLabels[status];
  if (isStopping(command)) return { label: 'Stopping…', detail: null };
  if (!hasEnded(status)) return { label, detail: null };
  if (error?.code === 'timeout') {
    return { label: `Timed out after ${formatDuration(command.timeoutMs)}`, detail: null };
  }
  if (error?.code === 'expired') return { label: 'Expired in the queue', detail: null };
  if (error?.code === 'not_started') return { label: 'Not started', detail: null };
  if (startedAt === null) {
    return status === 'interrupted'
      ? { label: 'Cancelled', detail: null }
      : { label, detail: 'Never started' };
  }
  const isCutOff = error?.code === 'agent_lost' || status === 'interrupted';
  if (isCutOff && disconnectedAt !== null) {
    return {
      label,
      detail: `Ran ${formatDuration(getRunTime(command) ?? 0)}, then its agent went offline`,
    };
  }
  return { label, detail: describeExit(command) };
}

/** Describes how long a command ran and how its program ended: `12.4 s · exit 0`. A completed prompt has no exit code. */
function describeExit(command: CommandExecution): string | null {
  const runTime = getRunTime(command);
  const isPrompt = requiredCapability(command.command) !== 'shell';
  const facts = [
    runTime === null ? null : formatDuration(runTime),
    command.exitCode === null || (isPrompt && command.exitCode === 0)
      ? null
      : `exit ${command.exitCode}`,
    command.signal,
  ].filter((fact) => fact !== null);
  return facts.length === 0 ? null : facts.join(' · ');
}

/**
 * Returns how long a command ran, in milliseconds, without the time after its agent went offline. Null if it has not
 * ended, has never started, or ended at an unknown time while its agent was offline.
 */
export function getRunTime(command: CommandExecution): number | null {
  const { startedAt, completedAt, disconnectedAt, error } = command;
  if (startedAt === null || completedAt === null) return null;
  if (disconnectedAt !== null)
    return Math.max(0, Math.min(completedAt, disconnectedAt) - startedAt);
  const isEndUnknown = error?.code === 'agent_lost' || error?.code === 'agent_crashed';
  return isEndUnknown ? null : completedAt - startedAt;
}

// How commands end, in the words of their status: pure, from what the agent says and from why they were told to stop.
import type { CommandFinished } from '../../protocol/agent-to-hub.ts';
import type { CommandEvent } from '../../protocol/command-status.ts';
import type { CommandError } from '../../protocol/errors.ts';
import { type CommandReport, reportOf } from '../../protocol/report.ts';
import type { Execution } from '../state/execution.ts';

/** The end of a command. */
export interface Ending {
  event: Exclude<CommandEvent, 'started'>;
  exitCode?: number | null;
  signal?: string | undefined;
  error?: CommandError;
  /** What its agent knows of its turn. */
  report?: CommandReport | undefined;
  /** Whether output may still come: the agent has not said that it is over. */
  outputFollows?: boolean;
}

/** How a command that was told to stop ends, where the agent has no say. */
export function stopped(execution: Execution): Ending {
  if (execution.stopping === 'timeout') return { event: 'failed', error: timedOut(execution) };
  return { event: 'interrupted' };
}

/** How a command ends whose agent is no longer known. */
export function removed({ agentId }: Execution): Ending {
  return { event: 'failed', error: { code: 'agent_lost', message: `${agentId} was removed.` } };
}

/** What an agent's result means. */
export function endingOf(execution: Execution, message: CommandFinished): Ending {
  const { outcome, exitCode, signal, error } = message;
  const report = message.report && reportOf(message.report);
  if (execution.stopping === 'timeout' && outcome !== 'completed') {
    return { event: 'failed', exitCode, signal, error: timedOut(execution), report };
  }
  if (outcome === 'interrupted') return { event: 'interrupted', signal, report };
  if (outcome === 'completed' && exitCode === 0) return { event: 'completed', exitCode, report };
  return { event: 'failed', exitCode, signal, ...(error && { error }), report };
}

function timedOut({ timeoutMs }: Execution): CommandError {
  return {
    code: 'timeout',
    message: `It ran longer than ${timeoutMs / 1000} s: give it a longer time-out, or make it shorter.`,
  };
}

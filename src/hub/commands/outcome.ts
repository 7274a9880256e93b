// The outcome of a command, from the agent's report and from the reason why the hub stopped it. Pure functions.
import type { CommandFinished } from '../../protocol/agent-to-hub.ts';
import type { CommandEvent } from '../../protocol/command-status.ts';
import type { CommandError } from '../../protocol/errors.ts';
import { formatDuration } from '../../protocol/duration.ts';
import { pickFields } from '../../protocol/pick-fields.ts';
import { CommandReport } from '../../protocol/report.ts';
import type { Execution } from '../state/execution.ts';

export interface Outcome {
  event: Exclude<CommandEvent, 'started'>;
  exitCode?: number | null;
  signal?: string | undefined;
  error?: CommandError;
  /** The agent's report about the turn. */
  report?: CommandReport | undefined;
  /** Whether output may still arrive, because the agent has not reported the end. */
  isOutputPending?: boolean;
}

/** The outcome of a stopped command whose agent did not report a result. */
export function stoppedOutcome(execution: Execution): Outcome {
  switch (execution.stopReason) {
    case 'timeout':
      return { event: 'failed', error: timeoutError(execution) };
    case 'not_started':
      return { event: 'failed', error: NOT_STARTED };
    case 'user':
    case null:
      return { event: 'interrupted' };
    default:
      return execution.stopReason satisfies never;
  }
}

/** The outcome of a command that was queued for too long. */
export function expiredOutcome(queueTtlMs: number): Outcome {
  const message = `The command did not start within ${formatDuration(queueTtlMs)}. To allow more time, increase --queue-ttl on the hub.`;
  return { event: 'failed', error: { code: 'expired', message } };
}

/** The outcome of a command whose agent was removed. */
export function removedOutcome({ agentId }: Execution): Outcome {
  const message = `The agent "${agentId}" was removed.`;
  return { event: 'failed', error: { code: 'agent_lost', message } };
}

/** The outcome of a command whose result the agent reports. */
export function reportedOutcome(execution: Execution, message: CommandFinished): Outcome {
  const { outcome, exitCode, signal, error } = message;
  const report = message.report && pickFields(CommandReport, message.report);
  // The exit code and signal of a command that timed out only show how it was stopped.
  if (error?.code === 'timeout') {
    // The hub interrupts such a command with the reason `timeout`, so the agent reports a timeout.
    const isNotStarted = execution.stopReason === 'not_started';
    const reason = isNotStarted ? NOT_STARTED : timeoutError(execution);
    return { event: 'failed', error: reason, report };
  }
  // A user's interrupt that the agent did not receive before it stopped the command for another reason.
  const isStoppedAfterLoss = error?.code === 'agent_lost' && execution.stopReason !== null;
  if (outcome === 'interrupted' || isStoppedAfterLoss) {
    const stopped = stoppedOutcome(execution);
    return { ...stopped, report, ...(stopped.event === 'interrupted' && { signal }) };
  }
  if (outcome === 'completed' && exitCode === 0) return { event: 'completed', exitCode, report };
  return { event: 'failed', exitCode, signal, ...(error && { error }), report };
}

const NOT_STARTED: CommandError = {
  code: 'not_started',
  message: "The agent did not start the command within 30 s. Check the agent's log.",
};

function timeoutError({ timeoutMs }: Execution): CommandError {
  return {
    code: 'timeout',
    message: `Timed out after ${formatDuration(timeoutMs)}. Raise the limit with --timeout.`,
  };
}

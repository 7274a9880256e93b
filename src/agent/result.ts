// The result of a command, as reported to the hub (docs/protocol.md, "command:finished" and "Commands").
import { constants } from 'node:os';
import { type Static, Type } from '@sinclair/typebox';
import { CommandFinished } from '../protocol/agent-to-hub.ts';
import { formatDuration } from '../protocol/duration.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { AgentInterrupt } from '../protocol/hub-to-agent.ts';
import type { ExitStatus } from './runner.ts';

/** A `command:finished` without the fields that the outbox adds. */
export const CommandResult = Type.Pick(CommandFinished, [
  'outcome',
  'exitCode',
  'signal',
  'error',
  'report',
  'turnUpdates',
]);
export type CommandResult = Static<typeof CommandResult>;

/** Why a command was stopped before its program exited. */
export type InterruptReason = AgentInterrupt['reason'];
/** Why the agent stops a command. `ended`: the hub has ended it while the agent was disconnected. */
export type StopReason = InterruptReason | 'ended';

/** The exit code that a shell reports for a program terminated by a signal: 128 plus the signal's number. */
export function exitCodeForSignal(signal: string): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return 128 + (number ?? 0);
}

export function failedResult(error: CommandError): CommandResult {
  return { outcome: 'failed', exitCode: null, error };
}

/**
 * Converts an exit status to a result.
 * @param reason why the command was stopped before the program exited; null if it was not
 */
export function toCommandResult(
  status: ExitStatus,
  reason: StopReason | null,
  timeoutMs: number,
): CommandResult {
  // The exit code and signal of a command that timed out only say how it was stopped.
  if (reason === 'timeout') {
    const message = `Timed out after ${formatDuration(timeoutMs)}. Raise the limit with --timeout.`;
    return failedResult({ code: 'timeout', message });
  }
  // The hub ignores this result, unless it could not store the end before it crashed.
  if (reason === 'ended') {
    const message = 'The hub had ended this command when the agent reconnected.';
    return failedResult({ code: 'agent_lost', message });
  }
  // docs/data-model.md: only completed and failed commands have an exit code.
  if (reason === 'user') {
    const signal = status.kind === 'failed' ? undefined : status.signal;
    return { outcome: 'interrupted', exitCode: null, ...(signal !== undefined && { signal }) };
  }
  const exitCode = exitCodeOf(status);
  if (status.kind === 'exited' && exitCode === 0) return { outcome: 'completed', exitCode };
  const error = errorOf(status);
  return {
    outcome: 'failed',
    exitCode,
    ...(status.kind === 'signaled' && { signal: status.signal }),
    ...(error && { error }),
  };
}

function exitCodeOf(status: ExitStatus): number | null {
  if (status.kind === 'exited') return status.exitCode;
  return status.kind === 'signaled' ? exitCodeForSignal(status.signal) : null;
}

function errorOf(status: ExitStatus): CommandError | undefined {
  if (status.kind !== 'signaled') return status.error;
  return { code: 'program_failed', message: `The program was terminated by ${status.signal}.` };
}

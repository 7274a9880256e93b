// How a turn ends, as the exit status of a command.
import type { StopReason } from '@agentclientprotocol/sdk';
import { exitCodeForSignal } from '../result.ts';
import type { ExitStatus } from '../runner.ts';

/** The status that a shell reports for an interrupted program. */
export const INTERRUPTED = { kind: 'exited', exitCode: exitCodeForSignal('SIGINT') } as const;

/** The program exited while it was being interrupted. @param exitStatus a signal's name or an exit code */
export function interruptedStatus(exitStatus: string): ExitStatus {
  return exitStatus.startsWith('SIG') ? { kind: 'signaled', signal: exitStatus } : INTERRUPTED;
}

/** The program did not run, or crashed: there is no exit code. */
export function failedStatus(message: string): ExitStatus {
  return { kind: 'failed', error: { code: 'program_failed', message } };
}

/** The program ran, but the turn did not succeed. */
export function unsuccessfulStatus(message: string): ExitStatus {
  return { kind: 'exited', exitCode: 1, error: { code: 'program_failed', message } };
}

/** The status of a turn that was not interrupted. @param title the program's name */
export function statusForStopReason(stopReason: StopReason, title: string): ExitStatus {
  switch (stopReason) {
    case 'end_turn':
      return { kind: 'exited', exitCode: 0 };
    case 'cancelled':
      return unsuccessfulStatus(`${title} cancelled the turn.`);
    case 'refusal':
      return unsuccessfulStatus('The model refused to answer.');
    case 'max_tokens':
      return unsuccessfulStatus('The model reached its maximum number of output tokens.');
    case 'max_turn_requests':
      return unsuccessfulStatus('The turn reached its maximum number of model requests.');
    default:
      stopReason satisfies never;
      return unsuccessfulStatus(`${title} ended the turn for an unknown reason.`);
  }
}

// How a command ended, as the hub is told (protocol.md, "command:finished" and "Commands").
import { constants } from 'node:os';
import { type Static, Type } from '@sinclair/typebox';
import { CommandFinished } from '../protocol/agent-to-hub.ts';
import type { ExitStatus } from './runner.ts';

/** A `command:finished` without what the outbox knows. */
export const CommandResult = Type.Pick(CommandFinished, [
  'outcome',
  'exitCode',
  'signal',
  'error',
  'report',
]);
export type CommandResult = Static<typeof CommandResult>;

/** Who stopped a command before its program ended; null where it ended by itself. */
export type StopReason = 'user' | 'timeout' | null;

/** What a shell would answer for a program that a signal ended: 128 and the signal's number. */
export function exitCodeForSignal(signal: string): number {
  const number = Object.entries(constants.signals).find(([name]) => name === signal)?.[1];
  return 128 + (number ?? 0);
}

/**
 * The result of a run.
 * @param stopped who stopped it before its program ended
 */
export function toCommandResult(
  end: ExitStatus,
  stopped: StopReason,
  timeoutMs: number,
): CommandResult {
  const signal = end.kind === 'failed' ? undefined : end.signal;
  const bySignal = signal !== undefined && { signal };
  // data-model.md: an exit code is set only where the status is completed or failed.
  if (stopped === 'user') return { outcome: 'interrupted', exitCode: null, ...bySignal };
  const exitCode =
    end.kind === 'exited'
      ? end.exitCode
      : end.kind === 'signalled'
        ? exitCodeForSignal(end.signal)
        : null;
  if (stopped === 'timeout') {
    const message = `The command did not end within ${inWords(timeoutMs)}.`;
    return { outcome: 'failed', exitCode, ...bySignal, error: { code: 'timeout', message } };
  }
  switch (end.kind) {
    case 'exited':
      if (end.exitCode === 0) return { outcome: 'completed', exitCode };
      return { outcome: 'failed', exitCode, ...(end.error && { error: end.error }) };
    case 'signalled': {
      const message = `The program was ended by ${end.signal}.`;
      return {
        outcome: 'failed',
        exitCode,
        ...bySignal,
        error: { code: 'program_failed', message },
      };
    }
    case 'failed':
      return { outcome: 'failed', exitCode, error: end.error };
    default:
      end satisfies never;
      throw new Error('no such end');
  }
}

function inWords(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

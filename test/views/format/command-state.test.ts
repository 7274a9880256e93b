import { expect, test } from 'bun:test';
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import type { FailureCode } from '../../../src/protocol/errors.ts';
import { describeState, formatRunTime, getRunTime } from '../../../views/format/command-state.ts';
import { command } from '../../support/samples.ts';

const failed = (code: FailureCode, fields: Partial<CommandExecution> = {}) =>
  command({
    status: 'failed',
    exitCode: null,
    error: { code, message: 'Details.' },
    startedAt: 0,
    completedAt: 312_000,
    ...fields,
  });
const waiting = { startedAt: null, completedAt: null, exitCode: null };
const neverRan = { startedAt: null, exitCode: null };
const running = { status: 'running', completedAt: null, exitCode: null } as const;

test.each<[CommandExecution, string, string | null]>([
  [command({ status: 'queued', ...waiting }), 'Queued', null],
  [command(running), 'Running', null],
  [command({ ...running, stopReason: 'user' }), 'Stopping…', null],
  [command({ ...running, stopReason: 'timeout' }), 'Stopping…', null],
  [command({ status: 'queued', ...waiting, stopReason: 'not_started' }), 'Stopping…', null],
  [command({ command: '!true' }), 'Completed', '12 s · exit 0'],
  [command({ command: 'Fix it' }), 'Completed', '12 s'],
  [failed('program_failed', { exitCode: 3 }), 'Failed', '5 min 12 s · exit 3'],
  [command({ status: 'failed', exitCode: null, signal: 'SIGSEGV' }), 'Failed', '12 s · SIGSEGV'],
  [
    command({ status: 'interrupted', exitCode: null, signal: 'SIGINT' }),
    'Interrupted',
    '12 s · SIGINT',
  ],
  [command({ status: 'interrupted', ...neverRan }), 'Cancelled', null],
  [failed('expired', neverRan), 'Expired in the queue', null],
  [failed('not_started', neverRan), 'Not started', null],
  [failed('timeout'), 'Timed out after 5 min', null],
  // Databases of earlier versions contain the exit code and signal of stopping it.
  [failed('timeout', { exitCode: 143, signal: 'SIGTERM' }), 'Timed out after 5 min', null],
  [
    failed('agent_lost', { disconnectedAt: 12_000 }),
    'Failed',
    'Ran 12 s, then its agent went offline',
  ],
  [failed('agent_lost', neverRan), 'Failed', 'Never started'],
  [failed('agent_lost'), 'Failed', null],
  [
    command({ status: 'interrupted', startedAt: 0, completedAt: 90_000, disconnectedAt: 12_000 }),
    'Interrupted',
    'Ran 12 s, then its agent went offline',
  ],
])('%#: describes a command as %s %s', (one, label, detail) => {
  expect(describeState(one)).toEqual({ label, detail });
});

test('the run time does not count the time that the agent was offline', () => {
  const lost = { startedAt: 10_000, completedAt: 322_000 };
  expect(getRunTime(failed('agent_lost', { ...lost, disconnectedAt: 22_000 }))).toBe(12_000);
  // The agent reconnected without the command. When it ended in between is not known.
  expect(getRunTime(failed('agent_lost', lost))).toBeNull();
  expect(getRunTime(failed('agent_crashed', lost))).toBeNull();
  expect(getRunTime(command({ startedAt: 0, completedAt: 9_000 }))).toBe(9_000);
  expect(getRunTime(command({ completedAt: null }))).toBeNull();
  expect(getRunTime(command({ startedAt: null }))).toBeNull();
  expect(formatRunTime(command({ startedAt: 0, completedAt: 9_000 }))).toBe('9 s');
  expect(formatRunTime(command({ completedAt: null }))).toBe('–');
});

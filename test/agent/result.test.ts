import { expect, test } from 'bun:test';
import { toCommandResult } from '../../src/agent/result.ts';

const error = { code: 'program_failed', message: 'Failed.' } as const;
const ENDED = {
  outcome: 'failed',
  exitCode: null,
  error: {
    code: 'agent_lost',
    message: 'The hub had ended this command when the agent reconnected.',
  },
} as const;
const TIMED_OUT = {
  outcome: 'failed',
  exitCode: null,
  error: { code: 'timeout', message: 'Timed out after 5 min. Raise the limit with --timeout.' },
} as const;

test.each([
  [{ kind: 'exited', exitCode: 0 }, null, { outcome: 'completed', exitCode: 0 }],
  [{ kind: 'exited', exitCode: 1 }, null, { outcome: 'failed', exitCode: 1 }],
  [
    { kind: 'signaled', signal: 'SIGKILL' },
    null,
    {
      outcome: 'failed',
      exitCode: 137,
      signal: 'SIGKILL',
      error: { code: 'program_failed', message: 'The program was terminated by SIGKILL.' },
    },
  ],
  [{ kind: 'failed', error }, null, { outcome: 'failed', exitCode: null, error }],
  [
    { kind: 'exited', exitCode: 0, signal: 'SIGINT' },
    'user',
    { outcome: 'interrupted', exitCode: null, signal: 'SIGINT' },
  ],
  [
    { kind: 'signaled', signal: 'SIGTERM' },
    'user',
    { outcome: 'interrupted', exitCode: null, signal: 'SIGTERM' },
  ],
  [{ kind: 'failed', error }, 'user', { outcome: 'interrupted', exitCode: null }],
  [{ kind: 'exited', exitCode: 0, signal: 'SIGINT' }, 'timeout', TIMED_OUT],
  [{ kind: 'signaled', signal: 'SIGKILL' }, 'timeout', TIMED_OUT],
  [{ kind: 'failed', error }, 'timeout', TIMED_OUT],
  [{ kind: 'exited', exitCode: 0, signal: 'SIGINT' }, 'ended', ENDED],
  [{ kind: 'failed', error }, 'ended', ENDED],
] as const)('status %j with interrupt reason %p becomes %j', (status, reason, result) => {
  expect(toCommandResult(status, reason, 300_000)).toEqual(result);
});

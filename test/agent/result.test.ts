import { expect, test } from 'bun:test';
import { createDeadline } from '../../src/agent/deadline.ts';
import { toCommandResult } from '../../src/agent/result.ts';
import { agentSocketUrl } from '../../src/agent/hub-connection.ts';
import { createManualClock } from '../support/manual-clock.ts';

const error = { code: 'program_failed', message: 'why' } as const;

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
  [
    { kind: 'exited', exitCode: 0, signal: 'SIGINT' },
    'timeout',
    {
      outcome: 'failed',
      exitCode: 0,
      signal: 'SIGINT',
      error: { code: 'timeout', message: 'Timed out after 5 min. Raise the limit with --timeout.' },
    },
  ],
] as const)('%j stopped by %p is %j', (end, stopped, result) => {
  expect(toCommandResult(end, stopped, 300_000)).toEqual(result);
});

test('a deadline that is held counts no time', () => {
  const clock = createManualClock();
  let expired = 0;
  const deadline = createDeadline(clock, 100, () => (expired += 1));
  clock.advance(60);
  deadline.pause();
  deadline.pause();
  clock.advance(1_000);
  deadline.resume();
  clock.advance(1_000);
  deadline.resume();
  clock.advance(39);
  expect(expired).toBe(0);
  clock.advance(1);
  expect(expired).toBe(1);
});

test('a cancelled deadline stays so, held or not', () => {
  const clock = createManualClock();
  let expired = 0;
  const deadline = createDeadline(clock, 100, () => (expired += 1));
  deadline.pause();
  deadline.cancel();
  deadline.resume();
  clock.advance(1_000);
  expect(expired).toBe(0);
});

test.each([
  ['https://hub.example', 'wss://hub.example/ws/agent'],
  ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/ws/agent'],
  ['wss://hub.example/under/', 'wss://hub.example/under/ws/agent'],
])('%s is reached at %s', (hub, address) => {
  expect(agentSocketUrl(hub)).toBe(address);
});

test('an address of another kind is refused', () => {
  expect(() => agentSocketUrl('ftp://hub.example')).toThrow(TypeError);
  expect(() => agentSocketUrl('hub')).toThrow(TypeError);
});

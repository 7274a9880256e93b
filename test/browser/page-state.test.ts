import { expect, test } from 'bun:test';
import {
  afterChoice,
  afterMessage,
  createState,
  type WebSocketState,
} from '../../src/browser/page-state.ts';
import type { CommandExecution } from '../../src/protocol/entities.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

const version = '1.0.0';
const active: CommandExecution = {
  id: 'c1',
  agentId: 'a',
  command: 'x',
  priority: 'normal',
  status: 'queued',
  requestedBy: 'u',
  requestedAt: 1,
  startedAt: null,
  completedAt: null,
  exitCode: null,
  session: 'continue',
  timeoutMs: 1,
  signal: null,
  error: null,
  comparisonId: null,
  conversationId: null,
  usage: null,
  changes: null,
};

function hear(state: WebSocketState, ...messages: HubToDashboard[]): WebSocketState {
  const now = { ...state };
  for (const message of messages) Object.assign(now, afterMessage(now, message));
  return now;
}

const output = (commandId: string, data: string): HubToDashboard => ({
  type: 'terminal:output',
  version,
  commandId,
  data,
  stream: 'stdout',
  sequence: 0,
});

test('a page begins connecting, and knows nobody', () => {
  expect(createState().getState()).toEqual({
    connectionStatus: 'connecting',
    agents: new Map(),
    activeCommand: null,
    terminalOutput: [],
    approvals: new Map(),
    error: null,
  });
});

test('agents are known by their last status, and earlier states stay as they were', () => {
  const before = createState().getState();
  const status = (agentId: string, value: 'online' | 'busy'): HubToDashboard => ({
    type: 'agent:status',
    version,
    agentId,
    status: value,
    timestamp: 1,
  });
  const after = hear(before, status('a', 'online'), status('b', 'online'), status('a', 'busy'));
  expect([...after.agents]).toEqual([
    ['a', 'busy'],
    ['b', 'online'],
  ]);
  expect(before.agents.size).toBe(0);
});

test('the command on the screen follows its status; others do not touch it', () => {
  const start = { ...createState().getState(), activeCommand: active };
  const status = (commandId: string, value: 'running' | 'failed'): HubToDashboard => ({
    type: 'command:status',
    version,
    commandId,
    agentId: 'a',
    status: value,
    ...(value === 'failed' && {
      exitCode: 2,
      error: { code: 'program_failed', message: 'It ended with exit code 2.' },
    }),
  });
  expect(hear(start, status('c2', 'failed')).activeCommand).toEqual(active);
  const failed = hear(start, status('c1', 'running'), status('c1', 'failed')).activeCommand;
  expect(failed).toMatchObject({ id: 'c1', status: 'failed', exitCode: 2 });
  expect(failed?.error?.code).toBe('program_failed');
});

test('output is kept for the command on the screen alone, and another one begins anew', () => {
  const start = { ...createState().getState(), ...afterChoice(active) };
  const some = hear(start, output('c1', 'a'), output('c2', 'b'), output('c1', 'c'));
  expect(some.terminalOutput).toEqual(['a', 'c']);
  expect(afterChoice(null)).toEqual({ activeCommand: null, terminalOutput: [] });
});

test('output past 1 MB drops its oldest pieces', () => {
  const start = { ...createState().getState(), activeCommand: active };
  const piece = 'x'.repeat(400_000);
  const full = hear(
    start,
    output('c1', 'first'),
    output('c1', piece),
    output('c1', piece),
    output('c1', piece),
  );
  expect(full.terminalOutput).toEqual([piece, piece]);
});

test('a refusal is the error until the connection stands anew', () => {
  const start = createState().getState();
  const refused = hear(start, { type: 'error', version, code: 'forbidden', message: 'No.' });
  expect(refused.error?.message).toBe('No.');
});

import { expect, test } from 'bun:test';
import {
  applyMessage,
  createPageStore,
  type PageState,
  selectCommand,
} from '../../src/browser/page-state.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import { command } from '../support/samples.ts';

const version = '1.0.0';
const active = command({ id: 'c1', agentId: 'a', status: 'queued' });

function apply(state: PageState, ...messages: HubToDashboard[]): PageState {
  const now = { ...state };
  for (const message of messages) Object.assign(now, applyMessage(now, message));
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

test('a new page is connecting and has no agents', () => {
  expect(createPageStore().getState()).toEqual({
    connectionStatus: 'connecting',
    disconnectReason: null,
    agents: new Map(),
    activeCommand: null,
    terminalOutput: [],
    outputLength: 0,
    approvals: new Map(),
    error: null,
  });
});

test('keeps the latest status of each agent until it is removed, and leaves earlier states unchanged', () => {
  const before = createPageStore().getState();
  const status = (agentId: string, value: 'online' | 'busy'): HubToDashboard => ({
    type: 'agent:status',
    version,
    agentId,
    status: value,
    timestamp: 1,
  });
  const after = apply(before, status('a', 'online'), status('b', 'online'), status('a', 'busy'));
  expect([...after.agents]).toEqual([
    ['a', 'busy'],
    ['b', 'online'],
  ]);
  expect(before.agents.size).toBe(0);
  expect([...apply(after, { type: 'agent:removed', version, agentId: 'a' }).agents.keys()]).toEqual(
    ['b'],
  );
});

test('updates the active command from its own status messages only', () => {
  const start = { ...createPageStore().getState(), activeCommand: active };
  const status = (commandId: string, value: 'running' | 'failed'): HubToDashboard => ({
    type: 'command:status',
    version,
    commandId,
    agentId: 'a',
    status: value,
    ...(value === 'failed' && {
      exitCode: 2,
      error: { code: 'program_failed', message: 'The program exited with code 2.' },
    }),
  });
  expect(apply(start, status('c2', 'failed')).activeCommand).toEqual(active);
  const failed = apply(start, status('c1', 'running'), status('c1', 'failed')).activeCommand;
  expect(failed).toMatchObject({ id: 'c1', status: 'failed', exitCode: 2 });
  expect(failed?.error?.code).toBe('program_failed');
});

test('keeps the output of the active command only, and clears it when another is selected', () => {
  const start = { ...createPageStore().getState(), ...selectCommand(active) };
  const some = apply(start, output('c1', 'a'), output('c2', 'b'), output('c1', 'c'));
  expect(some.terminalOutput).toEqual(['a', 'c']);
  expect(selectCommand(null)).toEqual({
    activeCommand: null,
    terminalOutput: [],
    outputLength: 0,
  });
});

test('drops the oldest output past 1 MB', () => {
  const start = { ...createPageStore().getState(), activeCommand: active };
  const piece = 'x'.repeat(400_000);
  const full = apply(
    start,
    output('c1', 'first'),
    output('c1', piece),
    output('c1', piece),
    output('c1', piece),
  );
  expect(full.terminalOutput).toEqual([piece, piece]);
});

test('stores the last error message', () => {
  const start = createPageStore().getState();
  const refused = apply(start, { type: 'error', version, code: 'forbidden', message: 'No.' });
  expect(refused.error?.message).toBe('No.');
});

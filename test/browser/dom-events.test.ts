// The island dispatches the events that the views listen to.
import { expect, test } from 'bun:test';
import { createEventDispatcher, getEventNames, REFRESH } from '../../src/browser/dom-events.ts';
import { RETRY } from '../../src/browser/retry.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import * as listened from '../../views/events.ts';
import { createManualClock } from '../support/manual-clock.ts';

const version = '1.0.0';
const agentStatus: HubToDashboard = {
  type: 'agent:status',
  version,
  agentId: 'build-1.x',
  status: 'busy',
  timestamp: 1,
};
const commandStatus: HubToDashboard = {
  type: 'command:status',
  version,
  commandId: 'c-1',
  agentId: 'build-1.x',
  status: 'running',
};

test('status messages become the events that pages listen to', () => {
  expect(getEventNames(agentStatus)).toEqual([
    listened.ANY_AGENT,
    listened.agentEvent('build-1.x'),
  ]);
  for (const type of ['agent:updated', 'agent:removed'] as const) {
    expect(getEventNames({ type, version, agentId: 'a' })).toEqual([
      listened.ANY_AGENT,
      listened.agentEvent('a'),
    ]);
  }
  expect(getEventNames(commandStatus)).toEqual([
    listened.ANY_COMMAND,
    listened.commandEvent('c-1'),
    listened.agentEvent('build-1.x'),
  ]);
  const outcome = { approvalId: 'q', outcome: 'cancelled' } as const;
  expect(getEventNames({ type: 'approval:resolved', version, ...outcome })).toEqual([
    listened.ANY_APPROVAL,
  ]);
  expect(REFRESH).toBe(listened.REFRESH);
  expect(RETRY).toBe(listened.RETRY);
});

test('output and heartbeats trigger no request', () => {
  expect(getEventNames({ type: 'hub:heartbeat', version, timestamp: 1 })).toEqual([]);
  const output = { commandId: 'c', data: 'x', stream: 'stdout', sequence: 0 } as const;
  expect(getEventNames({ type: 'terminal:output', version, ...output })).toEqual([]);
});

test('IDs with characters that are special in triggers are not used in them', () => {
  for (const id of ['a b', 'a,b', 'a[1]', 'x from:window', '']) {
    expect(listened.agentEvent(id)).toBe(listened.ANY_AGENT);
    expect(listened.commandEvent(id)).toBe(listened.ANY_COMMAND);
  }
});

test('500 status messages dispatch two events of each name', () => {
  const clock = createManualClock();
  const target = new EventTarget();
  const dispatched: string[] = [];
  target.addEventListener(listened.ANY_AGENT, (event) => void dispatched.push(event.type));
  const dispatch = createEventDispatcher(clock, target);
  for (let i = 0; i < 500; i++) dispatch(agentStatus);
  clock.advance(10_000);
  expect(dispatched).toEqual([listened.ANY_AGENT, listened.ANY_AGENT]);
});

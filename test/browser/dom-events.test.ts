// The island tells, htmx listens: both ends name the same events.
import { expect, test } from 'bun:test';
import { createEvents, eventsOf, REFRESH } from '../../src/browser/dom-events.ts';
import type { HubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import * as heard from '../../views/events.ts';
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

test('a status becomes the events that pages listen to', () => {
  expect(eventsOf(agentStatus)).toEqual([heard.ANY_AGENT, heard.ofAgent('build-1.x')]);
  expect(eventsOf(commandStatus)).toEqual([
    heard.ANY_COMMAND,
    heard.ofCommand('c-1'),
    heard.ofAgent('build-1.x'),
  ]);
  const answer = { approvalId: 'q', outcome: 'cancelled' } as const;
  expect(eventsOf({ type: 'approval:resolved', version, ...answer })).toEqual([heard.ANY_APPROVAL]);
  expect(REFRESH).toBe(heard.REFRESH);
});

test('output and heartbeats are nothing to fetch', () => {
  expect(eventsOf({ type: 'hub:heartbeat', version, timestamp: 1 })).toEqual([]);
  const output = { commandId: 'c', data: 'x', stream: 'stdout', sequence: 0 } as const;
  expect(eventsOf({ type: 'terminal:output', version, ...output })).toEqual([]);
});

test('an id that htmx would read as more than a name is not put into a trigger', () => {
  for (const id of ['a b', 'a,b', 'a[1]', 'x from:window', '']) {
    expect(heard.ofAgent(id)).toBe(heard.ANY_AGENT);
    expect(heard.ofCommand(id)).toBe(heard.ANY_COMMAND);
  }
});

test('five hundred statuses are two events of each kind', () => {
  const clock = createManualClock();
  const target = new EventTarget();
  const told: string[] = [];
  target.addEventListener(heard.ANY_AGENT, (event) => void told.push(event.type));
  const tell = createEvents(clock, target);
  for (let i = 0; i < 500; i++) tell(agentStatus);
  clock.advance(10_000);
  expect(told).toEqual([heard.ANY_AGENT, heard.ANY_AGENT]);
});

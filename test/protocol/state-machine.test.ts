// The state machines: every legal transition, and every illegal one.
import { describe, expect, test } from 'bun:test';
import { agentTransitions, nextAgentStatus } from '../../src/protocol/agent-status.ts';
import {
  commandTransitions,
  hasEnded,
  nextCommandStatus,
} from '../../src/protocol/command-status.ts';
import { connectionTransitions, nextConnectionState } from '../../src/protocol/connection-state.ts';
import { IllegalTransition, type TransitionTable } from '../../src/protocol/state-machine.ts';

interface Machine {
  name: string;
  table: TransitionTable<string, string>;
  next(state: string, event: string): string;
  events: string[];
  /** All legal transitions, as `state event next`. */
  legal: string[];
}

const machines: Machine[] = [
  {
    name: 'DashboardConnection',
    table: connectionTransitions,
    next: nextConnectionState,
    events: ['welcomed', 'dropped', 'closed'],
    legal: [
      'CONNECTING welcomed CONNECTED',
      'CONNECTING dropped RECONNECTING',
      'CONNECTING closed DISCONNECTED',
      'CONNECTED dropped RECONNECTING',
      'CONNECTED closed DISCONNECTED',
      'RECONNECTING welcomed CONNECTED',
      'RECONNECTING closed DISCONNECTED',
    ],
  },
  {
    name: 'AgentConnection',
    table: agentTransitions,
    next: nextAgentStatus,
    events: ['connected', 'resumed', 'assigned', 'released', 'disconnected'],
    legal: [
      'offline connected online',
      'offline resumed busy',
      'online assigned busy',
      'online disconnected offline',
      'busy released online',
      'busy disconnected offline',
    ],
  },
  {
    name: 'CommandExecution',
    table: commandTransitions,
    next: nextCommandStatus,
    events: ['started', 'completed', 'failed', 'interrupted'],
    legal: [
      'queued started running',
      'queued failed failed',
      'queued interrupted interrupted',
      'running completed completed',
      'running failed failed',
      'running interrupted interrupted',
    ],
  },
];

const cases = machines.flatMap(({ name, table, next, events, legal }) =>
  Object.keys(table).flatMap((state) =>
    events.map((event) => {
      const transition = legal.find((known) => known.startsWith(`${state} ${event} `));
      return { name, state, event, to: transition?.split(' ')[2] ?? null, next };
    }),
  ),
);

describe('every transition', () => {
  test.each(cases)('$name: $state on $event leads to $to', ({ name, state, event, to, next }) => {
    if (to !== null) return expect(next(state, event)).toBe(to);
    expect(() => next(state, event)).toThrow(IllegalTransition);
    expect(() => next(state, event)).toThrow(`${name} cannot move from ${state} on ${event}`);
  });

  test.each(machines)('$name has no other transitions', ({ table, legal }) => {
    const transitions = Object.entries(table).flatMap(([state, leads]) =>
      Object.entries(leads).map(([event, to]) => `${state} ${event} ${to}`),
    );
    expect(transitions.toSorted()).toEqual(legal.toSorted());
  });
});

test('a command has ended in the statuses without transitions', () => {
  for (const [status, leads] of Object.entries(commandTransitions)) {
    expect(hasEnded(status as keyof typeof commandTransitions)).toBe(
      Object.keys(leads).length === 0,
    );
  }
});

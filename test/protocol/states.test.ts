// The three state machines, every arrow and every arrow they do not have.
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
  moves: TransitionTable<string, string>;
  next(state: string, event: string): string;
  events: string[];
  /** `state event next`, and nothing else is legal. */
  legal: string[];
}

const machines: Machine[] = [
  {
    name: 'DashboardConnection',
    moves: connectionTransitions,
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
    moves: agentTransitions,
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
    moves: commandTransitions,
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

const table = machines.flatMap(({ name, moves, next, events, legal }) =>
  Object.keys(moves).flatMap((state) =>
    events.map((event) => {
      const arrow = legal.find((known) => known.startsWith(`${state} ${event} `));
      return { name, state, event, to: arrow?.split(' ')[2] ?? null, next };
    }),
  ),
);

describe('every move', () => {
  test.each(table)('$name: $state on $event leads to $to', ({ name, state, event, to, next }) => {
    if (to !== null) return expect(next(state, event)).toBe(to);
    expect(() => next(state, event)).toThrow(IllegalTransition);
    expect(() => next(state, event)).toThrow(`${name} cannot move from ${state} on ${event}`);
  });

  test.each(machines)('$name has no arrow beside these', ({ moves, legal }) => {
    const arrows = Object.entries(moves).flatMap(([state, leads]) =>
      Object.entries(leads).map(([event, to]) => `${state} ${event} ${to}`),
    );
    expect(arrows.toSorted()).toEqual(legal.toSorted());
  });
});

test('a command is over in every status from which nothing leads', () => {
  for (const [status, leads] of Object.entries(commandTransitions)) {
    expect(hasEnded(status as keyof typeof commandTransitions)).toBe(
      Object.keys(leads).length === 0,
    );
  }
});

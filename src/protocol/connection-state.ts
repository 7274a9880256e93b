// The state machine of a dashboard connection (docs/data-model.md, "DashboardConnection"; docs/protocol.md, "Reconnect").
import { type Static, Type } from '@sinclair/typebox';
import { createTransition, type TransitionTable } from './state-machine.ts';

export const ConnectionState = Type.Union([
  Type.Literal('CONNECTING'),
  Type.Literal('CONNECTED'),
  Type.Literal('RECONNECTING'),
  Type.Literal('DISCONNECTED'),
]);
export type ConnectionState = Static<typeof ConnectionState>;

/** `dropped`: lost without a clean close. `closed`: closed by either side, or not resumed in time. */
export type ConnectionEvent = 'welcomed' | 'dropped' | 'closed';

export const connectionTransitions: TransitionTable<ConnectionState, ConnectionEvent> = {
  CONNECTING: { welcomed: 'CONNECTED', dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  CONNECTED: { dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  RECONNECTING: { welcomed: 'CONNECTED', closed: 'DISCONNECTED' },
  DISCONNECTED: {},
};

/**
 * Returns the state that follows `state` after `event`.
 * @throws {IllegalTransition} if `state` does not allow `event`
 */
export const nextConnectionState = createTransition('DashboardConnection', connectionTransitions);

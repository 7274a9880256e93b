// The life of a DashboardConnection (data-model.md, "DashboardConnection"; protocol.md, "Reconnect").
import { type Static, Type } from '@sinclair/typebox';
import { type TransitionTable, createTransition } from './state-machine.ts';

export const ConnectionState = Type.Union([
  Type.Literal('CONNECTING'),
  Type.Literal('CONNECTED'),
  Type.Literal('RECONNECTING'),
  Type.Literal('DISCONNECTED'),
]);
export type ConnectionState = Static<typeof ConnectionState>;

/** `welcomed`: accepted, or resumed. `dropped`: lost without a clean close. `closed`: over, by either side or by time. */
export type ConnectionEvent = 'welcomed' | 'dropped' | 'closed';

export const connectionTransitions: TransitionTable<ConnectionState, ConnectionEvent> = {
  CONNECTING: { welcomed: 'CONNECTED', dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  CONNECTED: { dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  RECONNECTING: { welcomed: 'CONNECTED', closed: 'DISCONNECTED' },
  DISCONNECTED: {},
};

/** Where a connection goes from `state` on `event`; throws IllegalTransition where the diagram has no such arrow. */
export const nextConnectionState = createTransition('DashboardConnection', connectionTransitions);

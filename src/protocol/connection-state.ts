// The life of a DashboardConnection (data-model.md, "DashboardConnection"; protocol.md, "Reconnect").
import { type Static, Type } from '@sinclair/typebox';
import { type Moves, transitions } from './state-machine.ts';

export const ConnectionState = Type.Union([
  Type.Literal('CONNECTING'),
  Type.Literal('CONNECTED'),
  Type.Literal('RECONNECTING'),
  Type.Literal('DISCONNECTED'),
]);
export type ConnectionState = Static<typeof ConnectionState>;

/** `welcomed`: accepted, or resumed. `dropped`: lost without a clean close. `closed`: over, by either side or by time. */
export type ConnectionEvent = 'welcomed' | 'dropped' | 'closed';

export const connectionMoves: Moves<ConnectionState, ConnectionEvent> = {
  CONNECTING: { welcomed: 'CONNECTED', dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  CONNECTED: { dropped: 'RECONNECTING', closed: 'DISCONNECTED' },
  RECONNECTING: { welcomed: 'CONNECTED', closed: 'DISCONNECTED' },
  DISCONNECTED: {},
};

/** Where a connection goes from `state` on `event`; throws IllegalMove where the diagram has no such arrow. */
export const nextConnectionState = transitions('DashboardConnection', connectionMoves);

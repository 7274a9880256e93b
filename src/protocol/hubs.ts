// The hubs that share a database (docs/protocol.md, "HTTP API").
import { type Static, Type } from '@sinclair/typebox';
import { Page } from './api.ts';
import { Timestamp } from './message.ts';

/**
 * `draining`: it is being stopped and hands over its agents. `stopped`: it has done so, and ended. `no_contact`: it has not
 * reported for 10 s, and other hubs take over its agents.
 */
export const HubState = Type.Union([
  Type.Literal('alive'),
  Type.Literal('draining'),
  Type.Literal('stopped'),
  Type.Literal('no_contact'),
]);
export type HubState = Static<typeof HubState>;

const Milliseconds = Type.Union([Type.Number({ minimum: 0 }), Type.Null()]);

/** A hub as admins see it. */
export const HubSummary = Type.Object({
  /** Its name. */
  node: Type.String(),
  /** Whether it is the hub that responds. */
  isSelf: Type.Boolean(),
  state: HubState,
  version: Type.String(),
  /** The agents and dashboards that are connected to it. */
  agents: Type.Integer(),
  dashboards: Type.Integer(),
  /** How long its last message on the bus and its last commit took; null if that is not known. */
  busLagMs: Milliseconds,
  storeLagMs: Milliseconds,
  startedAt: Timestamp,
  /** When it last reported. */
  lastContactAt: Timestamp,
});
export type HubSummary = Static<typeof HubSummary>;

export const HubPage = Page(HubSummary);
export type HubPage = Static<typeof HubPage>;

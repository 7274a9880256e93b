// WebSocket close codes and reasons (docs/protocol.md, "Close codes").
import { type Static, Type } from '@sinclair/typebox';

export const CloseCode = {
  /** The peer closed the connection normally. */
  normal: 1000,
  /** The hub is shutting down, or another one takes over: reconnect. */
  goingAway: 1001,
  /** The connection is not allowed: do not retry unchanged. */
  policyViolation: 1008,
  /** A message exceeded 1 MiB: do not send it again. */
  messageTooBig: 1009,
  /** Too many connections, or the client reads too slowly: retry later. */
  tryAgainLater: 1013,
  /** The same client reconnected on a new socket. */
  replaced: 4001,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The close reason: a short machine-readable word. */
export const CloseReason = Type.Union([
  Type.Literal('unauthenticated'),
  Type.Literal('expired'),
  Type.Literal('revoked'),
  Type.Literal('unsupported_version'),
  Type.Literal('invalid_message'),
  Type.Literal('rate_limited'),
  Type.Literal('first_message_timeout'),
  Type.Literal('limit'),
  Type.Literal('slow_consumer'),
  Type.Literal('agent_in_use'),
  Type.Literal('replaced'),
  Type.Literal('silent'),
  Type.Literal('access_changed'),
  Type.Literal('moved'),
  Type.Literal('shutdown'),
]);
export type CloseReason = Static<typeof CloseReason>;

// How a socket ends: the WebSocket close codes and the short machine words beside them (protocol.md, "Close codes").
import { type Static, Type } from '@sinclair/typebox';

/** Close codes, by what they mean here. */
export const CloseCode = {
  /** The peer is done, and said so. */
  normal: 1000,
  /** The hub is shutting down: reconnect. */
  goingAway: 1001,
  /** Not allowed as asked: do not retry unchanged. */
  policyViolation: 1008,
  /** A message over 1 MiB: never send it again. */
  messageTooBig: 1009,
  /** Too many connections, or too slow a reader: retry later. */
  tryAgainLater: 1013,
  /** The same peer came back on a new socket. */
  replaced: 4001,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The reason sent with a close code. */
export const CloseReason = Type.Union([
  Type.Literal('unauthenticated'),
  Type.Literal('expired'),
  Type.Literal('revoked'),
  Type.Literal('unsupported_version'),
  Type.Literal('limit'),
  Type.Literal('slow_consumer'),
  Type.Literal('agent_in_use'),
  Type.Literal('replaced'),
  Type.Literal('silent'),
  Type.Literal('shutdown'),
]);
export type CloseReason = Static<typeof CloseReason>;

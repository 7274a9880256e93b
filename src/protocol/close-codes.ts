// How a socket ends: the WebSocket close codes and the short machine words beside them (protocol.md, "Close codes").

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

/** The word that goes with a close code. */
export type CloseReason =
  | 'unauthenticated'
  | 'expired'
  | 'revoked'
  | 'unsupported_version'
  | 'limit'
  | 'slow_consumer'
  | 'agent_in_use'
  | 'replaced'
  | 'silent'
  | 'shutdown';

// The reconnect delay: exponential backoff with full jitter, so that clients do not all reconnect at the same time.

const MIN_MS = 500;
const MAX_MS = 30_000;

/**
 * The delay after a connection was closed: none at first if another hub takes over.
 * @param reason the close reason
 */
export function reconnectDelay(reason: string, attempt: number, random: number): number {
  return reason === 'moved' && attempt === 0 ? 0 : backoffDelay(attempt, random);
}

/**
 * Returns the delay before attempt `attempt` (from 0) in milliseconds: random between 0.5 s and a limit that doubles
 * with each attempt, up to 30 s (docs/protocol.md, "Reconnect").
 * @param random a number in [0, 1)
 */
export function backoffDelay(attempt: number, random: number): number {
  const limit = Math.min(MAX_MS, MIN_MS * 2 ** Math.min(attempt + 1, 10));
  return MIN_MS + random * (limit - MIN_MS);
}

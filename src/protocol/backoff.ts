// How long to wait before the next try: full jitter, so that a crowd does not come back at once.

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * The wait before try `attempt` (from 0), in milliseconds: random between 0.5 s and a ceiling that doubles up to 30 s.
 * @param random a number in [0, 1)
 * @see protocol.md, "Reconnect"
 */
export function backoffDelay(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt + 1, 10));
  return FIRST_MS + random * (ceiling - FIRST_MS);
}

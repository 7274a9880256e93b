// How fast output is indexed for the search in the background. The same in all databases.

/** Indexing a block takes tens of milliseconds. In between, there is this many times as long for other work. */
const PAUSE_FACTOR = 3;
/** The same while output arrives, and for how long after it. */
const BUSY_PAUSE_FACTOR = 20;
const BUSY_MS = 2_000;

/**
 * Returns how long to pause after a block was indexed, in milliseconds.
 * @param durationMs how long that took
 * @param idleMs the time since a block was stored
 */
export function pauseAfter(durationMs: number, idleMs: number): number {
  return durationMs * (idleMs < BUSY_MS ? BUSY_PAUSE_FACTOR : PAUSE_FACTOR);
}

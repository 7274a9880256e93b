// Counts rejected attempts to sign in or to connect. Nothing limits their number, so that attempts of the same kind are
// reported at most once a minute, with a count.
import type { Clock } from '../protocol/clock.ts';

const INTERVAL_MS = 60_000;
/** The maximum number of kinds per minute. All other attempts are reported together. */
const MAX_KINDS = 1_000;

/**
 * Creates a function that counts a rejected attempt. Attempts with equal fields are of the same kind.
 * @param others stands for the attempts above the maximum number of kinds
 * @param report called for the first attempt at once, and then every minute for those in between
 */
export function createRejectedAttempts<Attempt extends { address: string | null }>(
  clock: Clock,
  others: Attempt,
  report: (attempt: Attempt, count: number) => void,
): (attempt: Attempt) => void {
  /** The attempts of each kind that are not reported yet. */
  const counts = new Map<string, number>();

  function reportLater(key: string, attempt: Attempt) {
    clock.after(INTERVAL_MS, () => {
      const unreported = counts.get(key) ?? 0;
      if (unreported === 0) {
        counts.delete(key);
        return;
      }
      counts.set(key, 0);
      report(attempt, unreported);
      reportLater(key, attempt);
    });
  }

  function count(attempt: Attempt, key: string) {
    const known = counts.get(key);
    counts.set(key, known === undefined ? 0 : known + 1);
    if (known !== undefined) return;
    report(attempt, 1);
    reportLater(key, attempt);
  }

  return (attempt) => {
    const key = JSON.stringify(attempt);
    if (counts.has(key) || counts.size < MAX_KINDS) count(attempt, key);
    else count(others, 'others');
  };
}

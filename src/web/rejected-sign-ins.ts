// Records sign-in attempts that were rejected without a check of the password. Nothing limits their number, so each
// address has at most one entry per minute, with a count.
import type { Audit } from '../hub/audit.ts';
import type { Clock } from '../protocol/clock.ts';

const INTERVAL_MS = 60_000;
/** The maximum number of addresses per minute. Attempts from others are recorded together, without an address. */
const MAX_ADDRESSES = 1_000;

/** Creates a function that counts a rejected attempt from an address. */
export function createRejectedSignIns(audit: Pick<Audit, 'recordFailure'>, clock: Clock) {
  const attempts = new Map<string | null, number>();

  return (client: string | null): void => {
    const address = attempts.has(client) || attempts.size < MAX_ADDRESSES ? client : null;
    const count = attempts.get(address) ?? 0;
    attempts.set(address, count + 1);
    if (count > 0) return;
    clock.after(INTERVAL_MS, () => {
      const detail = { rejected: attempts.get(address) ?? 0 };
      attempts.delete(address);
      audit.recordFailure({ userId: null, address }, { action: 'session.failed', detail });
    });
  };
}

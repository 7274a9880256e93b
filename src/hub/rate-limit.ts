// Rate limits as token buckets.
import type { Clock } from '../protocol/clock.ts';

/** Takes an amount from the bucket. Returns false if there is not enough left. */
export type TokenBucket = (amount?: number) => boolean;

/** Creates a full bucket of size `burst`, refilled with `perSecond`. */
export function createTokenBucket(
  clock: Clock,
  rate: { perSecond: number; burst: number },
): TokenBucket {
  let level = rate.burst;
  let filledAt = clock.monotonic();
  return (amount = 1) => {
    const now = clock.monotonic();
    level = Math.min(rate.burst, level + ((now - filledAt) / 1000) * rate.perSecond);
    filledAt = now;
    if (level < amount) return false;
    level -= amount;
    return true;
  };
}

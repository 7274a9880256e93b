// A token bucket: so much a second, and a burst at once.
import type { Clock } from '../protocol/clock.ts';

/** Takes from the bucket; false where there is not enough in it. */
export type Bucket = (amount?: number) => boolean;

/** Makes a full bucket that holds `burst` and fills by `perSecond`. */
export function createBucket(clock: Clock, rate: { perSecond: number; burst: number }): Bucket {
  let level = rate.burst;
  let filledAt = clock.now();
  return (amount = 1) => {
    const now = clock.now();
    level = Math.min(rate.burst, level + (Math.max(0, now - filledAt) / 1000) * rate.perSecond);
    filledAt = now;
    if (level < amount) return false;
    level -= amount;
    return true;
  };
}

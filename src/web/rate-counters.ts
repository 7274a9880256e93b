// Rate limits by key, such as an address or a user. The number of keys is bounded.
import { createTokenBucket, type TokenBucket } from '../hub/rate-limit.ts';
import type { Clock } from '../protocol/clock.ts';

/** The maximum number of counters. The least recently used one is dropped first. */
const MAX_COUNTERS = 10_000;

export function createRateCounters(clock: Clock) {
  const counters = new Map<string, TokenBucket>();

  return {
    /** Counts an event. Returns false if it is above the rate. */
    take(key: string, rate: { perSecond: number; burst: number }): boolean {
      const bucket = counters.get(key) ?? createTokenBucket(clock, rate);
      counters.delete(key);
      counters.set(key, bucket);
      const [oldest] = counters.keys();
      if (counters.size > MAX_COUNTERS && oldest !== undefined) counters.delete(oldest);
      return bucket();
    },
    /** Forgets the events of a key. */
    clear: (key: string) => void counters.delete(key),
  };
}

// Limits sign-in attempts per address: guessing passwords from one address does not lock out users at another.
import { createTokenBucket, type TokenBucket } from '../hub/rate-limit.ts';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { ADDRESS_SIGN_IN_RATE, SIGN_IN_RATE } from '../protocol/limits.ts';

/** The maximum number of counters. The least recently used one is dropped first. */
const MAX_COUNTERS = 10_000;

/** @param onRejected called with the address of each attempt above the limits */
export function createSignInLimits(clock: Clock, onRejected: (address: string | null) => void) {
  const counters = new Map<string, TokenBucket>();

  function take(key: string, rate: { perSecond: number; burst: number }): boolean {
    const bucket = counters.get(key) ?? createTokenBucket(clock, rate);
    counters.delete(key);
    counters.set(key, bucket);
    const [oldest] = counters.keys();
    if (counters.size > MAX_COUNTERS && oldest !== undefined) counters.delete(oldest);
    return bucket();
  }

  const userKey = (address: string | null, username: string) => `${address} ${username}`;

  return {
    /**
     * Counts an attempt.
     * @throws {HubError} rate_limited
     */
    countAttempt(address: string | null, username: string) {
      const isAllowed =
        take(`${address}`, ADDRESS_SIGN_IN_RATE) && take(userKey(address, username), SIGN_IN_RATE);
      if (isAllowed) return;
      onRejected(address);
      throw new HubError('rate_limited', 'Too many sign-in attempts. Try again in 30 s.');
    },
    /** Forgets the attempts of a user who has signed in. */
    clear: (address: string | null, username: string) =>
      void counters.delete(userKey(address, username)),
  };
}

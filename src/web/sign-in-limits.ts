// Limits sign-in attempts per address: guessing passwords from one address does not lock out users at another.
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import { ADDRESS_SIGN_IN_RATE, SIGN_IN_RATE } from '../protocol/limits.ts';
import { createRateCounters } from './rate-counters.ts';

/** @param onRejected called with the address of each attempt above the limits */
export function createSignInLimits(clock: Clock, onRejected: (address: string | null) => void) {
  const { take, clear } = createRateCounters(clock);
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
    clear: (address: string | null, username: string) => clear(userKey(address, username)),
  };
}

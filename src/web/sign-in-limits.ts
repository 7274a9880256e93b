// Limits sign-in attempts per address, or IPv6 network: guessing passwords from one address does not lock out users at
// another.
import type { Clock } from '../protocol/clock.ts';
import { networkOf } from '../hub/network.ts';
import { HubError } from '../protocol/errors.ts';
import { ADDRESS_SIGN_IN_RATE, CODE_RATE, SIGN_IN_RATE } from '../protocol/limits.ts';
import { createRateCounters } from './rate-counters.ts';

/** @param onRejected called with the address of each attempt above the limits */
export function createSignInLimits(clock: Clock, onRejected: (address: string | null) => void) {
  const counters = createRateCounters(clock);
  const { take } = counters;

  // An address contains no spaces, so that the keys differ.
  const codeKey = (username: string) => `the code ${username}`;
  const addressKey = (address: string | null) => networkOf(`${address}`);
  const userKey = (address: string | null, username: string) =>
    `${addressKey(address)} ${username}`;

  function reject(address: string | null): never {
    onRejected(address);
    throw new HubError('rate_limited', 'Too many sign-in attempts. Try again in 30 s.');
  }

  return {
    /**
     * Counts an attempt of an address, whatever the username.
     * @throws {HubError} rate_limited
     */
    countAddress(address: string | null) {
      if (!take(addressKey(address), ADDRESS_SIGN_IN_RATE)) reject(address);
    },
    /**
     * Counts an attempt.
     * @throws {HubError} rate_limited
     */
    countAttempt(address: string | null, username: string) {
      const isAllowed =
        take(addressKey(address), ADDRESS_SIGN_IN_RATE) &&
        take(userKey(address, username), SIGN_IN_RATE);
      if (!isAllowed) reject(address);
    },
    /**
     * Counts a code of two-factor sign-in, from any address. Only someone who knows the password gets here, so that
     * others cannot lock the user out.
     * @throws {HubError} rate_limited
     */
    countCode(address: string | null, username: string) {
      if (take(codeKey(username), CODE_RATE)) return;
      onRejected(address);
      throw new HubError('rate_limited', 'Too many codes. Try again in 5 min.');
    },
    /** Forgets the attempts of a user who has signed in. */
    clear(address: string | null, username: string) {
      counters.clear(userKey(address, username));
      counters.clear(codeKey(username));
    },
  };
}

// Finds what another hub has stored a moment ago, such as the session of a user who has signed in there.
import type { Clock } from '../../protocol/clock.ts';
import { createTokenBucket } from '../rate-limit.ts';

/** How often a table is read for something unknown. Most of it does not exist: anybody can send a wrong token. */
const RATE = { perSecond: 10, burst: 20 };

/**
 * Creates a function that finds something in memory, and reads the table again if it is not there.
 * @param refresh reads the table
 */
export function createLookup(clock: Clock, refresh: () => Promise<void>) {
  const take = createTokenBucket(clock, RATE);
  return async <T>(find: () => Promise<T | null>): Promise<T | null> => {
    const found = await find();
    if (found !== null || !take()) return found;
    await refresh();
    return find();
  };
}

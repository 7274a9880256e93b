// Links with which a user chooses a password: an invitation, or after a password is lost. They are kept in memory, and end
// after one use, after 15 minutes, or when the hub stops.
import type { Clock } from '../protocol/clock.ts';
import { PASSWORD_LINK_MS } from '../protocol/limits.ts';
import { createExpiringTokens } from './expiring-tokens.ts';

export function createPasswordLinks(clock: Clock) {
  /** Each user has at most one link, so the number of users is the limit. */
  const links = createExpiringTokens<string>(clock, {
    lifetimeMs: PASSWORD_LINK_MS,
    max: Number.POSITIVE_INFINITY,
  });

  /** Ends all links of a user. */
  const revoke = (username: string) => links.endAll((one) => one === username);

  return {
    /** Creates a link, which replaces earlier ones of the user. Returns its token. */
    create(username: string): { token: string; expiresAt: number } {
      revoke(username);
      return links.create(username);
    },
    /** The user of a link that is still valid. */
    find: links.find,
    revoke,
  };
}

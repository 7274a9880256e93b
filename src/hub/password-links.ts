// Links with which a user chooses a password: an invitation, or after a password is lost. They end after one use, or after 15
// minutes. Those of a hub without others end when it stops, too.
import { PASSWORD_LINK_MS } from '../protocol/limits.ts';
import type { HubContext } from './context.ts';
import { createExpiringValues } from './expiring-values.ts';

export function createPasswordLinks(context: Pick<HubContext, 'clock' | 'expiring'>) {
  /** Each user has at most one link, so the number of users is the limit. */
  const links = createExpiringValues<string>(context, {
    kind: 'password-link',
    lifetimeMs: PASSWORD_LINK_MS,
    max: Number.MAX_SAFE_INTEGER,
  });

  return {
    /** Creates a link, which replaces earlier ones of the user. Returns its token. */
    async create(username: string): Promise<{ token: string; expiresAt: number }> {
      await links.endAll(username);
      return links.create(username, username);
    },
    /** The user of a link that is still valid. */
    find: links.find,
    /** Ends a link, and returns its user if it was still valid. */
    take: links.take,
    /** Ends all links of a user. */
    revoke: links.endAll,
  };
}

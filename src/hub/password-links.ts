// Links with which a user chooses a password: an invitation, or after a password is lost. They are kept in memory as
// hashes, and end after one use, after 15 minutes, or when the hub stops.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../protocol/clock.ts';
import { PASSWORD_LINK_MS } from '../protocol/limits.ts';

const hash = (token: string) => createHash('sha256').update(token).digest('hex');

export function createPasswordLinks(clock: Clock) {
  /** By the hash of the token. */
  const links = new Map<string, { username: string; expiresAt: number }>();

  /** Ends all links of a user. */
  function revoke(username: string) {
    for (const [key, link] of links) if (link.username === username) links.delete(key);
  }

  function find(token: string): string | undefined {
    const link = links.get(hash(token));
    return link && link.expiresAt > clock.now() ? link.username : undefined;
  }

  return {
    /** Creates a link, which replaces earlier ones of the user. Returns its token. */
    create(username: string): { token: string; expiresAt: number } {
      revoke(username);
      const token = randomBytes(24).toString('base64url');
      const expiresAt = clock.now() + PASSWORD_LINK_MS;
      links.set(hash(token), { username, expiresAt });
      return { token, expiresAt };
    },
    /** The user of a link that is still valid. */
    find,
    revoke,
  };
}

// Random tokens that stand for a value for some minutes, in memory, such as those of password links. Only their hashes are
// kept.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../protocol/clock.ts';

interface ExpiringTokensOptions {
  lifetimeMs: number;
  /** The maximum number of tokens. The oldest one is dropped first. */
  max: number;
}

const hash = (token: string) => createHash('sha256').update(token).digest('hex');

export function createExpiringTokens<T>(clock: Clock, { lifetimeMs, max }: ExpiringTokensOptions) {
  /** By the hash of the token, oldest first. */
  const entries = new Map<string, { value: T; expiresAt: number }>();

  /** The value of a token; undefined if the token is unknown or has expired. */
  function find(token: string): T | undefined {
    const entry = entries.get(hash(token));
    return entry && entry.expiresAt > clock.now() ? entry.value : undefined;
  }

  return {
    /** Creates a token of 192 random bits for a value. */
    create(value: T): { token: string; expiresAt: number } {
      const [oldest] = entries.keys();
      if (entries.size >= max && oldest !== undefined) entries.delete(oldest);
      const token = randomBytes(24).toString('base64url');
      const expiresAt = clock.now() + lifetimeMs;
      entries.set(hash(token), { value, expiresAt });
      return { token, expiresAt };
    },
    find,
    /** Ends a token, and returns its value like `find`. */
    take(token: string): T | undefined {
      const value = find(token);
      entries.delete(hash(token));
      return value;
    },
    /** Ends the tokens of all values that match. */
    endAll(isEnded: (value: T) => boolean) {
      for (const [key, { value }] of entries) if (isEnded(value)) entries.delete(key);
    },
  };
}

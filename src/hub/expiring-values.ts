// Values that are needed for some minutes, such as those that the random tokens of password links stand for. Only the hashes
// of tokens are kept. They are in memory, or in the store if other hubs must know them.
import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../protocol/clock.ts';
import { HubError } from '../protocol/errors.ts';
import type { ExpiringTable, StoredExpiring } from '../store/expiring.ts';

interface ExpiringValuesOptions {
  /** Tells them from the values of others. */
  kind: string;
  lifetimeMs: number;
  /** The maximum number of values. The oldest one is dropped first. */
  max: number;
}

const hash = (token: string) => createHash('sha256').update(token).digest('hex');

/** Its functions throw HubError unavailable if the store does not respond. */
export function createExpiringValues<T>(
  { clock, expiring }: { clock: Clock; expiring: ExpiringTable },
  { kind, lifetimeMs, max }: ExpiringValuesOptions,
) {
  async function orUnavailable<R>(work: Promise<R>): Promise<R> {
    try {
      return await work;
    } catch {
      throw new HubError('unavailable', 'The hub cannot use its database. Try again.');
    }
  }

  const isValid = (stored: StoredExpiring | undefined): stored is StoredExpiring =>
    stored !== undefined && stored.expiresAt > clock.now();

  async function toValue(stored: Promise<StoredExpiring | undefined>): Promise<T | undefined> {
    const found = await orUnavailable(stored);
    return isValid(found) ? (found.value as T) : undefined;
  }

  async function put(key: string, value: T, owner: string): Promise<number> {
    const now = clock.now();
    const expiresAt = now + lifetimeMs;
    await orUnavailable(expiring.put({ kind, key, owner, value, expiresAt, uses: 0 }, max, now));
    return expiresAt;
  }

  return {
    /** Creates a token of 192 random bits for a value. @param owner whom it is about */
    async create(value: T, owner: string): Promise<{ token: string; expiresAt: number }> {
      const token = randomBytes(24).toString('base64url');
      return { token, expiresAt: await put(hash(token), value, owner) };
    },
    /** The value of a token; undefined if the token is unknown or has expired. */
    find: (token: string) => toValue(expiring.find(kind, hash(token))),
    /** Counts a use of a token. Returns the value like `find`, and the number of uses. */
    async countUse(token: string): Promise<{ value: T; uses: number } | undefined> {
      const found = await orUnavailable(expiring.countUse(kind, hash(token)));
      return isValid(found) ? { value: found.value as T, uses: found.uses } : undefined;
    },
    /** Ends a token, and returns its value like `find`. */
    take: (token: string) => toValue(expiring.take(kind, hash(token))),
    /** Replaces the one value of an owner. */
    set: (owner: string, value: T) => put(owner, value, owner),
    /** The one value of an owner. */
    get: (owner: string) => toValue(expiring.find(kind, owner)),
    /** Ends all values of an owner. */
    endAll: (owner: string) => orUnavailable(expiring.removeOwned(kind, owner)),
  };
}

/** Keeps values in memory, for a hub without others. */
export function createMemoryTable(): ExpiringTable {
  /** By kind and key, oldest first. */
  const byKind = new Map<string, Map<string, StoredExpiring>>();
  const valuesOf = (kind: string) => byKind.get(kind) ?? new Map<string, StoredExpiring>();

  return {
    put(stored, max, time) {
      const { kind, key } = stored;
      const values = valuesOf(kind);
      byKind.set(kind, values);
      values.delete(key);
      for (const [other, { expiresAt }] of values) {
        if (expiresAt > time && values.size < max) break;
        values.delete(other);
      }
      values.set(key, stored);
      return Promise.resolve();
    },
    find: (kind, key) => Promise.resolve(valuesOf(kind).get(key)),
    countUse(kind, key) {
      const found = valuesOf(kind).get(key);
      if (found) found.uses += 1;
      return Promise.resolve(found && { ...found });
    },
    take(kind, key) {
      const found = valuesOf(kind).get(key);
      valuesOf(kind).delete(key);
      return Promise.resolve(found);
    },
    removeOwned(kind, owner) {
      const values = valuesOf(kind);
      for (const [key, stored] of values) if (stored.owner === owner) values.delete(key);
      return Promise.resolve();
    },
  };
}

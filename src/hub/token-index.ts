// The tokens of agents, or those of users, in memory by their hashes, so that checking one takes the same time however many
// there are. A token is random and long, so a plain SHA-256 is enough to store it safely.
import { createHash, randomBytes } from 'node:crypto';
import type { AuditEntry } from '../protocol/audit.ts';
import { HubError } from '../protocol/errors.ts';
import { createPendingWrites, type Reloaded } from '../store/pending-writes.ts';
import type { StoredToken, TokenTable } from '../store/store.ts';
import type { HubContext } from './context.ts';

/** How often the last use of a token is stored. */
const TOUCH_MS = 60_000;

export type TokenIndex<T extends StoredToken> = ReturnType<typeof createTokenIndex<T>>;

const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** @param prefix what the secrets begin with */
export function createTokenIndex<T extends StoredToken>(
  { clock, storeHealth }: Pick<HubContext, 'clock' | 'storeHealth'>,
  table: TokenTable<T>,
  prefix: string,
) {
  const byId = new Map<string, T>();
  const byHash = new Map<string, T>();
  const writes = createPendingWrites();

  function add(token: T) {
    writes.mark([token.id]);
    byId.set(token.id, token);
    byHash.set(token.tokenHash, token);
  }

  /** Removes a token from memory: it stops working at once. */
  function remove({ id, tokenHash }: T) {
    writes.mark([id]);
    byId.delete(id);
    byHash.delete(tokenHash);
  }

  /** Whether a token exists and has not expired. */
  function isValid(id: string): boolean {
    const token = byId.get(id);
    return token !== undefined && (token.expiresAt === null || token.expiresAt > clock.now());
  }

  /** Removes tokens at once, and from the store as soon as it accepts writes, together with an audit entry. */
  function revoke(tokens: readonly T[], entry?: AuditEntry) {
    for (const token of tokens) remove(token);
    if (tokens.length === 0) return;
    const ids = tokens.map(({ id }) => id);
    void writes.during(
      ids,
      storeHealth.retry(() => table.remove(ids, entry)),
    );
  }

  /** Updates a token that is known already. Its last use is stored later than it is known. */
  function update(known: T, row: T) {
    const { lastUsedAt } = known;
    Object.assign(known, row, (lastUsedAt ?? 0) > (row.lastUsedAt ?? 0) && { lastUsedAt });
  }

  return {
    /** Loads the tokens of an earlier run. */
    async restore() {
      for (const token of await table.list()) add(token);
    },
    /** Creates the secret of a token, and the fields that all tokens have. */
    issue() {
      const secret = `${prefix}${randomBytes(32).toString('base64url')}`;
      const fields = {
        id: Bun.randomUUIDv7(),
        tokenHash: hash(secret),
        createdAt: clock.now(),
        lastUsedAt: null,
      };
      return { secret, fields };
    },
    add,
    remove,
    /**
     * Stores a token with an audit entry, and adds it.
     * @throws {HubError} unavailable
     */
    async save(token: T, entry: AuditEntry): Promise<void> {
      // In memory first, so that a limit counts tokens that are being stored.
      add(token);
      try {
        await writes.during([token.id], table.insert(token, entry));
      } catch (error) {
        remove(token);
        storeHealth.reportFailure(error);
        throw new HubError('unavailable', 'Could not save the token. Try again.');
      }
    },
    revoke,
    /** Records that a token was used. @param use what else to store about the use */
    touch(id: string, use: Partial<T> = {}) {
      const token = byId.get(id);
      const now = clock.now();
      if (!token || (token.lastUsedAt !== null && now - token.lastUsedAt < TOUCH_MS)) return;
      Object.assign(token, use, { lastUsedAt: now });
      table.update(id, { ...use, lastUsedAt: now }).catch(storeHealth.reportFailure);
    },
    isValid,
    /** Returns the valid token with this secret. */
    find(secret: string): T | undefined {
      const token = byHash.get(hash(secret));
      return token && isValid(token.id) ? token : undefined;
    },
    get: (id: string): T | undefined => byId.get(id),
    /** Reads the tokens again. @param onRevoked called with those that another hub has revoked */
    reload: (onRevoked: (tokens: readonly T[]) => void): Promise<Reloaded> =>
      writes.reload<T>({
        list: table.list,
        idOf: ({ id }) => id,
        apply(rows, isGone) {
          const revoked = [...byId.values()].filter(({ id }) => isGone(id));
          for (const token of revoked) remove(token);
          for (const row of rows) {
            const known = byId.get(row.id);
            if (known) update(known, row);
            else add(row);
          }
          onRevoked(revoked);
        },
      }),
    /** Lists the tokens that match, oldest first. */
    list: (matches: (token: T) => boolean) => [...byId.values()].filter(matches),
    /** Removes expired tokens. */
    purge: () => revoke([...byId.values()].filter(({ id }) => !isValid(id))),
  };
}

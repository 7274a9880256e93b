// The tokens of all agents in memory, by their hashes, so that checking one takes the same time however many there are.
import type { StoredAgentToken } from '../../store/store.ts';
import type { HubContext } from '../context.ts';
import { createToken, hashToken } from './token.ts';

/** How often the last use of a token is stored. */
const TOUCH_MS = 60_000;

export type TokenIndex = ReturnType<typeof createTokenIndex>;

export function createTokenIndex({
  store,
  clock,
  storeHealth,
}: Pick<HubContext, 'store' | 'clock' | 'storeHealth'>) {
  const byId = new Map<string, StoredAgentToken>();
  const byHash = new Map<string, StoredAgentToken>();

  function add(token: StoredAgentToken) {
    byId.set(token.id, token);
    byHash.set(token.tokenHash, token);
  }

  /** Removes a token from memory: it stops working at once. */
  function remove({ id, tokenHash }: StoredAgentToken) {
    byId.delete(id);
    byHash.delete(tokenHash);
  }

  /** Records that a token was used. */
  function touch(id: string) {
    const token = byId.get(id);
    const now = clock.now();
    if (!token) return;
    if (token.lastUsedAt !== null && now - token.lastUsedAt < TOUCH_MS) return;
    token.lastUsedAt = now;
    store.agentTokens.touch(token.id, now).catch(storeHealth.reportFailure);
  }

  /** Whether a token exists and has not expired. */
  function isValid(id: string): boolean {
    const token = byId.get(id);
    return token !== undefined && (token.expiresAt === null || token.expiresAt > clock.now());
  }

  function findValid(secret: string): StoredAgentToken | undefined {
    const token = byHash.get(hashToken(secret));
    return token && isValid(token.id) ? token : undefined;
  }

  return {
    /** Loads the tokens of an earlier run. */
    async restore() {
      for (const token of await store.agentTokens.list()) add(token);
    },
    /** Creates a token, which works once it is added. Returns it with its secret. */
    create(fields: Pick<StoredAgentToken, 'agentId' | 'createdBy' | 'name' | 'expiresAt'>) {
      const secret = createToken();
      const token: StoredAgentToken = {
        id: Bun.randomUUIDv7(),
        ...fields,
        tokenHash: hashToken(secret),
        createdAt: clock.now(),
        lastUsedAt: null,
      };
      return { token, secret };
    },
    add,
    remove,
    touch,
    isValid,
    /** Returns the token of an agent with this secret, and records that it was used; undefined if it is not valid. */
    use(agentId: string, secret: string): StoredAgentToken | undefined {
      const token = findValid(secret);
      if (token?.agentId !== agentId) return undefined;
      touch(token.id);
      return token;
    },
    /** Whether any agent has a valid token with this secret. */
    has: (secret: string) => findValid(secret) !== undefined,
    /** Lists the tokens of an agent, oldest first. */
    list: (agentId: string) => [...byId.values()].filter((token) => token.agentId === agentId),
    /** Removes expired tokens. */
    purge() {
      const expired = [...byId.values()].filter(({ id }) => !isValid(id));
      if (expired.length === 0) return;
      for (const token of expired) remove(token);
      void storeHealth.retry(() => store.agentTokens.remove(expired.map(({ id }) => id)));
    },
  };
}

// The tables that each hub keeps in memory, and that other hubs change.
import type { CachedTable } from '../../store/cluster.ts';
import type { Reload } from '../../store/pending-writes.ts';
import type { AgentTokens } from '../agents/tokens.ts';
import type { Registry } from '../agents/registry.ts';
import type { ApiTokens } from '../api-tokens.ts';
import type { HubContext } from '../context.ts';
import type { Sessions } from '../sessions.ts';
import { createCaches } from './caches.ts';
import { createLookup } from './lookup.ts';
import { createUsersReload } from './refresh-users.ts';

export interface SharedTablesParts {
  agentTokens: AgentTokens;
  apiTokens: ApiTokens;
  registry: Registry;
  sessions: Sessions;
  /** Reads the secrets of the store again. */
  reloadSecrets?: Reload | undefined;
}

export function createSharedTables(
  context: HubContext,
  { agentTokens, apiTokens, registry, sessions, reloadSecrets }: SharedTablesParts,
) {
  const { store, clock } = context;
  const caches = createCaches(
    {
      users: createUsersReload(store, { sessions, apiTokens }),
      sessions: sessions.reload,
      agents: registry.reload,
      agent_tokens: agentTokens.reload,
      api_tokens: apiTokens.reload,
      secrets: reloadSecrets ?? (() => Promise.resolve({ again: null })),
    },
    context,
  );

  /** Lets a function find what another hub has added to tables a moment ago. */
  function findShared<Args extends unknown[], T>(
    tables: readonly CachedTable[],
    find: (...args: Args) => Promise<T | null>,
  ) {
    if (!store.cluster) return find;
    const lookUp = createLookup(clock, () => caches.refresh(tables));
    return (...args: Args) => lookUp(() => find(...args));
  }

  return {
    /** Reads what other hubs have changed. */
    caches,
    findSession: findShared(['sessions'], sessions.use),
    findApiToken: findShared(['api_tokens'], apiTokens.use),
    /** The ID of a valid token of an agent; null if there is none. */
    findAgentTokenId: findShared(['agents', 'agent_tokens'], (secret: string) =>
      Promise.resolve(registry.findTokenId(secret) ?? null),
    ),
  };
}

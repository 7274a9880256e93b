// Tells the other hubs which of the tables that they keep in memory this hub has changed.
import type { CachedTable, SharedStore } from '../../store/cluster.ts';

/** The topic of the bus for the names of changed tables. */
export const TABLES_TOPIC = 'tables';

/** The fields of an agent that only its owner uses, and publishes itself. */
const CONTACT_FIELDS = new Set(['connectionTime', 'lastHeartbeat', 'capabilities']);

type Write = (...args: never[]) => Promise<unknown>;

/**
 * Returns the same store, which announces what it has changed.
 * @param announce called with a table after each write that others must know. That something was used is none
 */
export function announceWrites(
  store: SharedStore,
  announce: (table: CachedTable) => void,
): SharedStore {
  /** Announces tables after a write has succeeded. */
  function after<W extends Write>(write: W, ...tables: CachedTable[]): W {
    return (async (...args: never[]) => {
      const result = await write(...args);
      for (const table of tables) announce(table);
      return result;
    }) as W;
  }

  const { users, sessions, agents, agentTokens, apiTokens, cluster } = store;
  const updateAgent = after(agents.update, 'agents');
  return {
    ...store,
    users: {
      ...users,
      insert: after(users.insert, 'users'),
      update: after(users.update, 'users'),
      replaceTwoFactor: after(users.replaceTwoFactor, 'users'),
      remove: after(users.remove, 'users', 'api_tokens'),
      // The names of those who paused an agent or added a token.
      erase: after(users.erase, 'agents', 'agent_tokens'),
    },
    sessions: {
      ...sessions,
      insert: after(sessions.insert, 'sessions'),
      remove: after(sessions.remove, 'sessions'),
    },
    agents: {
      ...agents,
      insert: after(agents.insert, 'agents', 'agent_tokens'),
      update(agentId, changes, entry) {
        const isContact = Object.keys(changes).every((field) => CONTACT_FIELDS.has(field));
        return (isContact ? agents.update : updateAgent)(agentId, changes, entry);
      },
      remove: after(agents.remove, 'agents', 'agent_tokens'),
    },
    agentTokens: {
      ...agentTokens,
      insert: after(agentTokens.insert, 'agent_tokens'),
      remove: after(agentTokens.remove, 'agent_tokens'),
    },
    apiTokens: {
      ...apiTokens,
      insert: after(apiTokens.insert, 'api_tokens'),
      remove: after(apiTokens.remove, 'api_tokens'),
    },
    ...(cluster && {
      cluster: { ...cluster, writeSecret: after(cluster.writeSecret, 'secrets') },
    }),
  };
}

// Erases the data of users who were removed: their names in the history, the connection log and the audit log.
import { HubError } from '../protocol/errors.ts';
import { ERASED_USER } from '../protocol/limits.ts';
import type { StoredAgentToken } from '../store/store.ts';
import type { HubContext } from './context.ts';
import { requirePermission } from './require-permission.ts';
import type { Actor } from './state/dashboard.ts';
import type { TokenIndex } from './token-index.ts';

/** The number of rows of each table that are changed at once. A batch takes about 10 ms. */
const BATCH = 50;

export function createErasure(
  { state, store, storeHealth, audit }: HubContext,
  tokenIndex: Pick<TokenIndex<StoredAgentToken>, 'list'>,
) {
  async function eraseAll(username: string) {
    while ((await store.users.erase(username, ERASED_USER, BATCH)) > 0);
  }

  /**
   * Replaces the name of a removed user.
   * @throws {HubError} forbidden; user_exists if the user is not removed; unavailable
   */
  return async (actor: Actor, username: string): Promise<void> => {
    requirePermission(actor, 'users:manage');
    if (await store.users.find(username)) {
      throw new HubError('user_exists', `"${username}" can still sign in. Remove the user first.`);
    }
    for (const execution of state.executions.values()) {
      if (execution.requestedBy === username) execution.requestedBy = ERASED_USER;
      if (execution.editedBy === username) execution.editedBy = ERASED_USER;
    }
    for (const agent of state.agents.values()) {
      if (agent.paused?.by === username) agent.paused = { ...agent.paused, by: ERASED_USER };
    }
    for (const token of tokenIndex.list(({ createdBy }) => createdBy === username)) {
      token.createdBy = ERASED_USER;
    }
    await audit.record(actor, { action: 'user.erased' });
    await storeHealth.save(eraseAll(username), 'Could not erase all data. Try again.');
  };
}

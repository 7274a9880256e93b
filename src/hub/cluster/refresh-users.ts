// Reads the users again: when another hub has changed them, and where a decision must not depend on what this hub knew a
// moment ago.
import type { SharedStore } from '../../store/cluster.ts';
import type { Reload } from '../../store/pending-writes.ts';
import type { ApiTokens } from '../api-tokens.ts';
import type { Sessions } from '../sessions.ts';

/** Reads what other hubs have changed. Does nothing if the store has one hub only. @throws if the store cannot be read */
export async function refreshUsers({ cluster, users }: Pick<SharedStore, 'cluster' | 'users'>) {
  if (cluster) await users.reload?.();
}

interface UsersParts {
  sessions: Pick<Sessions, 'closeOutdated'>;
  apiTokens: Pick<ApiTokens, 'closeOutdated'>;
}

/** Creates a function that reads the users, and closes the dashboards of those whose access has changed. */
export function createUsersReload(
  { users }: Pick<SharedStore, 'users'>,
  { sessions, apiTokens }: UsersParts,
): Reload {
  return async () => {
    const reloaded = (await users.reload?.()) ?? { again: null };
    await sessions.closeOutdated();
    await apiTokens.closeOutdated();
    return reloaded;
  };
}

// The PostgreSQL store in a thread of its own: compressing and searching output takes milliseconds, and the hub's event
// loop does not wait for them.
import type { ClusterStore, SharedStore } from '../cluster.ts';
import { createFencedStore } from '../fences.ts';
import type { StoreNotice, ThreadedStore } from '../threaded-store.ts';
import { UPGRADE } from '../threaded-store.ts';
import { migrations } from './migrations.ts';
import { createRemoteStore, startStoreThread } from '../thread-client.ts';
import { cacheUsers } from '../user-cache.ts';

/**
 * Opens the store in a database. The users are in memory: `users.reload` reads what other hubs have changed.
 * @param password used if the URL has none
 * @throws as `createPostgresStore`
 */
export async function openThreadedPostgresStore(
  url: string,
  password: string | undefined,
  onNotice: (notice: StoreNotice) => void = () => undefined,
): Promise<ThreadedStore> {
  const failed = Promise.withResolvers<Error>();
  const thread = startStoreThread(
    {
      onEnd: failed.resolve,
      // The server looks after its files.
      onDamage: () => undefined,
      onUpgrade: () => onNotice(UPGRADE),
      onNewer: (version) =>
        onNotice({
          level: 'info',
          message: `The database has schema version ${version} of a later version of Signalbox. This hub knows schema version ${migrations.length}, and can use it.`,
        }),
    },
    true,
  );

  async function close() {
    await thread.invoke(null, 'close', []).catch(() => undefined);
    thread.terminate();
  }

  try {
    const tables = await thread.open({ kind: 'postgres', url, password });
    const remote = createRemoteStore(tables, () => thread, close);
    const users = await cacheUsers(remote.users);
    const store: SharedStore = {
      ...remote,
      users,
      cluster: {
        ...(remote.cluster as ClusterStore),
        fenced: (fenceOf) => createFencedStore(store, fenceOf),
      },
    };
    const damaged = new Promise<string>(() => undefined);
    return { store, damaged, failed: failed.promise };
  } catch (error) {
    thread.terminate();
    throw error;
  }
}

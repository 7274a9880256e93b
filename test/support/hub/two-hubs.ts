// Two hubs on one PostgreSQL database. A test decides when a hub reads what the other one has changed.
import { announceWrites } from '../../../src/hub/cluster/announce-writes.ts';
import type { CachedTable } from '../../../src/store/cluster.ts';
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { cacheUsers } from '../../../src/store/user-cache.ts';
import { startTestHub, type TestHub, type TestHubOptions } from './hub.ts';

/** One of the hubs, with what it needs to know what the other one has changed. */
export interface ClusterHub extends TestHub {
  /** The tables that it has announced. */
  announced: CachedTable[];
  /** Reads what the store says has changed since the last call. Returns these tables. */
  catchUp(): Promise<CachedTable[]>;
}

/** Starts two hubs that share a database. @param url an empty database, or one with tables */
export async function startTwoHubs(url: string, options: TestHubOptions = {}) {
  const a = await startClusterHub(url, 'hub-a', options);
  const b = await startClusterHub(url, 'hub-b', options);
  await a.catchUp();
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const hub of [a, b]) {
        hub.hub.stop();
        await hub[Symbol.asyncDispose]();
      }
    },
  };
}

async function startClusterHub(
  url: string,
  node: string,
  options: TestHubOptions,
): Promise<ClusterHub> {
  const announced: CachedTable[] = [];
  const hubId = crypto.randomUUID();
  const hub = await startTestHub({
    ...options,
    hubId,
    async openStore() {
      const store = await createPostgresStore(url);
      await store.cluster?.register({ node, hubId, version: '0.0.0-test' });
      const users = await cacheUsers(store.users);
      return announceWrites({ ...store, users }, (table) => announced.push(table));
    },
  });
  const { cluster } = hub.store;
  if (!cluster) throw new Error('The store cannot be shared.');
  const { listChanges } = cluster;
  let { cursor } = await listChanges(null);
  return {
    ...hub,
    announced,
    async catchUp() {
      const changes = await listChanges(cursor);
      ({ cursor } = changes);
      await hub.hub.caches.reload(changes.tables);
      return changes.tables;
    },
  };
}

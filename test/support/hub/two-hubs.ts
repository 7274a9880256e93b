// Two hubs on one PostgreSQL database. A test decides when a hub reads the tables that the other one has changed.
import type { Bus } from '../../../src/bus/bus.ts';
import { createInProcessBus } from '../../../src/bus/in-process.ts';
import { TABLES_TOPIC } from '../../../src/hub/cluster/announce-writes.ts';
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
  const { connect } = createInProcessBus();
  const connectHub = () =>
    connect((error) => {
      throw error;
    });
  const a = await startClusterHub(url, 'hub-a', connectHub(), options);
  const b = await startClusterHub(url, 'hub-b', connectHub(), options);
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
  bus: Bus,
  options: TestHubOptions,
): Promise<ClusterHub> {
  const announced: CachedTable[] = [];
  const hub = await startTestHub({
    ...options,
    node,
    bus: {
      ...bus,
      publish(topic, message) {
        if (topic === TABLES_TOPIC) announced.push(...(message as CachedTable[]));
        else bus.publish(topic, message);
      },
    },
    async openStore() {
      const store = await createPostgresStore(url);
      return { ...store, users: await cacheUsers(store.users) };
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

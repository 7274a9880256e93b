// Two hubs of one system in this process: they share a PostgreSQL database and a bus that a test can cut. Each has a clock of
// its own.
import { createInProcessBus } from '../../../src/bus/in-process.ts';
import type { Bus } from '../../../src/bus/bus.ts';
import type { KnownSchema } from '../../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { cacheUsers } from '../../../src/store/user-cache.ts';
import { startTestHub } from './hub.ts';

export type LinkedHub = Awaited<ReturnType<typeof startLinkedHub>>;

/**
 * Starts the hubs.
 * @param url an empty database, or one with tables
 * @param schemaOfA what hub A knows if it has another version
 */
export async function startLinkedHubs(url: string, schemaOfA?: KnownSchema) {
  const bus = createInProcessBus();
  const a = await startLinkedHub(url, 'hub-a', bus.connect(console.error), schemaOfA);
  const b = await startLinkedHub(url, 'hub-b', bus.connect(console.error));
  return {
    a,
    b,
    /** Creates another endpoint of the bus. */
    connect: () => bus.connect(console.error),
    async [Symbol.asyncDispose]() {
      for (const hub of [a, b]) {
        hub.hub.stop();
        hub.store.clearFaults();
        await hub[Symbol.asyncDispose]();
      }
    },
  };
}

async function startLinkedHub(url: string, node: string, endpoint: Bus, schema?: KnownSchema) {
  let isCut = false;
  const bus: Bus = {
    ...endpoint,
    publish: (topic, message) => {
      if (!isCut) endpoint.publish(topic, message);
    },
    subscribe: (topic, handle) =>
      endpoint.subscribe(topic, (message) => {
        if (!isCut) handle(message);
      }),
  };
  const hub = await startTestHub({
    node,
    bus,
    async openStore() {
      const store = await createPostgresStore(url, schema && { schema });
      return { ...store, users: await cacheUsers(store.users) };
    },
  });
  return {
    ...hub,
    node,
    /** Loses all messages from and to this hub. */
    cut: () => void (isCut = true),
    /** Connects it again. What was lost stays lost. */
    restore: () => void (isCut = false),
  };
}

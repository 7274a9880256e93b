// What the tests of the PostgreSQL store have in common.
import { afterAll, beforeAll, beforeEach } from 'bun:test';
import type { ClusterStore, SharedStore } from '../../src/store/cluster.ts';
import { type KnownSchema, knownSchema } from '../../src/store/postgres/migrations.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { storedCommand } from './samples.ts';

/** Creates a database with all tables, which others can be copied from. */
export async function createMigratedDatabase(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase();
  const store = await createPostgresStore(url);
  await store.close();
  return url;
}

/**
 * Starts a server before the tests of a file, and removes it after them. Each test has a database of its own, with all tables.
 * @returns the server and the URL of the database, to be read in tests
 */
export function useDatabase() {
  let server: PostgresServer;
  let migrated: string;
  let url: string;
  beforeAll(async () => {
    server = await startPostgres();
    migrated = await createMigratedDatabase(server);
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    url = await server.createDatabase(migrated);
  });
  return {
    get server() {
      return server;
    },
    get url() {
      return url;
    },
    /** Runs a statement in the database of the test, and returns its rows. */
    execute: <Row>(statement: string) => server.execute<Row>(statement, url),
  };
}

/** What a later version of Signalbox knows, with one more migration that this version can or cannot work with. */
export function laterSchema(kind: 'compatible' | 'incompatible'): KnownSchema {
  const { migrations, oldestVersion } = knownSchema;
  return kind === 'compatible'
    ? {
        migrations: [...migrations, "ALTER TABLE commands ADD COLUMN added_later text DEFAULT 'x'"],
        oldestVersion,
      }
    : {
        migrations: [...migrations, 'ALTER TABLE commands RENAME COLUMN command TO text'],
        oldestVersion: migrations.length + 1,
      };
}

export const insert = (store: SharedStore, id: string): Promise<void> =>
  store.commands.insert(storedCommand({ id }));

export const listStored = async (store: SharedStore): Promise<string[]> =>
  (await store.commands.listUnfinished()).map(({ id }) => id);

/** What several hubs on one database need. */
export function clusterOf(store: SharedStore): ClusterStore {
  if (!store.cluster) throw new Error('The store is not shared.');
  return store.cluster;
}

/** Resolves once so many transactions of a database wait for a lock. */
export async function untilWaiting(
  server: PostgresServer,
  url: string,
  count: number,
): Promise<void> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  while ((await server.execute(waiting, url)).length < count);
}

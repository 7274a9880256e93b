// What the tests of the PostgreSQL store have in common.
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { PostgresServer } from './postgres.ts';
import { storedCommand } from './samples.ts';

/** Creates a database with all tables, which others can be copied from. */
export async function createMigratedDatabase(server: PostgresServer): Promise<string> {
  const url = await server.createDatabase();
  const store = await createPostgresStore(url);
  await store.close();
  return url;
}

export const insert = (store: Store, id: string): Promise<void> =>
  store.commands.insert(storedCommand({ id }));

export const listStored = async (store: Store): Promise<string[]> =>
  (await store.commands.listUnfinished()).map(({ id }) => id);

// The Store on SQLite: WAL, every commit synced, foreign keys on.
import { Database } from 'bun:sqlite';
import { type Access, connect } from './access.ts';
import { createAgents } from './agents.ts';
import { createApprovals } from './approvals.ts';
import { createCommands } from './commands.ts';
import { createConnections } from './connections.ts';
import { createGroupCommit } from './group-commit.ts';
import { migrate, mustNotBeNewer, touch } from './migrations.ts';
import { createOutput } from './output.ts';
import type { Store } from './store.ts';
import { createUsers } from './users.ts';

/**
 * Opens the store in a file, or in memory for `:memory:`.
 * @throws when the file is no database, is damaged, or comes from a newer version; it is left untouched then
 */
export function openStore(file: string): Store {
  const database = new Database(file, { create: true, strict: true });
  try {
    database.run('PRAGMA busy_timeout = 5000');
    check(database);
    database.run('PRAGMA journal_mode = WAL');
    database.run('PRAGMA synchronous = FULL');
    database.run('PRAGMA foreign_keys = ON');
    migrate(database);
  } catch (error) {
    database.close();
    throw error;
  }
  const commit = createGroupCommit(database);
  const access: Access = {
    ...commit,
    db: connect(database),
    read: (query) => new Promise((resolve) => resolve(query())),
  };
  return {
    users: createUsers(access),
    agents: createAgents(access),
    commands: createCommands(access),
    output: createOutput(access),
    approvals: createApprovals(access),
    connections: createConnections(access),
    probe: () => commit.write(() => touch(database)),
    close() {
      commit.flush();
      database.close();
      return Promise.resolve();
    },
  };
}

/** Throws when the file is damaged, or newer than this build, before anything is written to it. */
function check(database: Database) {
  const [verdict] = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').all();
  if (verdict?.quick_check !== 'ok') {
    throw new Error(`The database is damaged: ${verdict?.quick_check ?? 'no answer'}.`);
  }
  mustNotBeNewer(database);
}

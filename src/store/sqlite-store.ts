// The Store on SQLite, in WAL mode and with an fsync at every commit.
import { Database } from 'bun:sqlite';
import { createAgentTokenStore } from './agent-tokens.ts';
import { createAgentStore } from './agents.ts';
import { createAuditInsert, createAuditStore } from './audit.ts';
import { createApiTokenStore } from './api-tokens.ts';
import { createApprovalStore } from './approvals.ts';
import { createCommandStore } from './commands.ts';
import { indexInBackground } from './command-search.ts';
import { createConnectionStore } from './connections.ts';
import { createFileChangesStore } from './file-changes.ts';
import { createGroupCommit } from './group-commit.ts';
import { describeDamage, errorCode, findDamage, isDamageError } from './integrity.ts';
import { assertNotNewer, isOutdated, migrate, rewriteVersion } from './migrations.ts';
import { createOutputIndexer } from './output-search.ts';
import { createOutputStore } from './output.ts';
import { createPromptStore } from './prompts.ts';
import { createQueryBuilder, type QueryContext } from './query-context.ts';
import { createSessionStore } from './sessions.ts';
import type { Store } from './store.ts';
import { createTurnStore } from './turns.ts';
import { createUserStore } from './users.ts';

export interface SqliteEvents {
  /** The tables of an earlier version are about to be changed. */
  onUpgrade(): void;
  /** Work in the background failed. It is tried again. */
  onError(error: unknown): void;
}

/**
 * Opens the store in a file, or in memory for `:memory:`.
 * @throws if the file is not a database or has a newer schema; it is left unchanged
 */
export function openStore(
  file: string,
  { onUpgrade, onError }: SqliteEvents = { onUpgrade() {}, onError() {} },
): Store {
  const database = new Database(file, { create: true, strict: true });
  try {
    database.run('PRAGMA busy_timeout = 5000');
    assertNotNewer(database);
    database.run('PRAGMA journal_mode = WAL');
    database.run('PRAGMA synchronous = FULL');
    if (isOutdated(database)) {
      // What a copy of a damaged table leaves out would be lost.
      const damage = findDamage(database);
      if (damage !== null) throw new Error(describeDamage(damage));
      onUpgrade();
    }
    migrate(database);
  } catch (error) {
    database.close();
    if (!isDamageError(error)) throw error;
    const message = describeDamage((error as Error).message);
    throw Object.assign(new Error(message), { code: errorCode(error) });
  }
  return createStore(database, onError);
}

/** Opens a file that `openStore` has opened, to read what is committed. Methods that write fail. */
export function openReader(file: string): Store {
  const database = new Database(file, { readonly: true, strict: true });
  database.run('PRAGMA busy_timeout = 5000');
  return createStore(database, null);
}

/** @param onError called when indexing fails; null for a connection that only reads */
function createStore(database: Database, onError: SqliteEvents['onError'] | null): Store {
  const commit = createGroupCommit(database);
  const db = createQueryBuilder(database);
  const stopIndexing = onError && indexInBackground(database, db, onError);
  const outputIndexer = onError && createOutputIndexer(database, db, onError);
  const insertAudit = createAuditInsert(db);
  const context: QueryContext = {
    ...commit,
    db,
    write: (run, ...entries) =>
      commit.write(() => {
        run();
        for (const entry of entries) if (entry) insertAudit(entry);
      }),
    read: (query) => new Promise((resolve) => resolve(query())),
  };
  return {
    users: createUserStore(context),
    sessions: createSessionStore(context),
    agents: createAgentStore(context),
    agentTokens: createAgentTokenStore(context),
    apiTokens: createApiTokenStore(context),
    commands: createCommandStore(context),
    output: createOutputStore(context, outputIndexer?.wake),
    turns: createTurnStore(context),
    prompts: createPromptStore(context),
    fileChanges: createFileChangesStore(context),
    approvals: createApprovalStore(context),
    connections: createConnectionStore(context),
    audit: createAuditStore(context),
    probe: () => commit.write(() => rewriteVersion(database)),
    close() {
      stopIndexing?.();
      outputIndexer?.stop();
      commit.flush();
      // Finalizes all statements: with an open one, SQLite would keep the connection and the write-ahead log.
      database.close(true);
      return Promise.resolve();
    },
  };
}

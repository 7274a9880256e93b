// The Store on PostgreSQL: one connection writes, a few read, and one indexes output. Several hubs need a few more.
import type { SharedStore } from '../cluster.ts';
import { type DatabaseAddress, parseAddress } from './address.ts';
import { createAgentStore } from './agents.ts';
import { createApprovalStore } from './approvals.ts';
import { createAuditStore } from './audit.ts';
import { CLUSTER_CONNECTIONS, createClusterStore } from './cluster.ts';
import { createCommandStore } from './commands.ts';
import { type Connection, connect, DEFAULT_TIMEOUTS, type Timeouts } from './connection.ts';
import { createConnectionStore } from './connections.ts';
import { createQueryContext } from './context.ts';
import { explainFailure } from './errors.ts';
import { createExpiringStore } from './expiring.ts';
import { createFileChangesStore } from './file-changes.ts';
import { type KnownSchema, knownSchema, migrate, type MigrationEvents } from './migrations.ts';
import { createOutputIndexer } from './output-indexer.ts';
import { createOutputStore } from './output.ts';
import { createPool } from './pool.ts';
import { createPromptStore } from './prompts.ts';
import { createBackoff, createReconnector } from './reconnect.ts';
import { createSessionStore } from './sessions.ts';
import { createAgentTokenStore, createApiTokenStore } from './tokens.ts';
import { createTurnStore } from './turns.ts';
import { createUserStore } from './users.ts';
import { openWriterSession } from './writer-session.ts';
import { createWriter } from './writer.ts';

export interface PostgresOptions {
  /** Used if the URL has no password. */
  password?: string | undefined;
  timeouts?: Timeouts;
  events?: MigrationEvents;
  /** Replaces the migrations of this version. */
  schema?: KnownSchema;
}

const NO_EVENTS: MigrationEvents = { onUpgrade() {}, onNewer() {} };

/**
 * Opens the store in a database, and creates or upgrades its tables.
 * @param url for example, `postgres://user@host/database`
 * @throws if the database cannot be reached, or as `migrate`
 */
export async function createPostgresStore(
  url: string,
  {
    password,
    timeouts = DEFAULT_TIMEOUTS,
    events = NO_EVENTS,
    schema = knownSchema,
  }: PostgresOptions = {},
): Promise<SharedStore> {
  const address = parseAddress(url, password);
  await prepare(address, timeouts, (connection) => migrate(connection, events, schema));
  const backoff = createBackoff();
  const pool = createPool(address, timeouts, backoff);
  const sessions = createReconnector(() => openWriterSession(address, timeouts), backoff);
  const writer = createWriter(sessions, backoff);
  const indexer = createOutputIndexer(createReconnector(() => connect(address, timeouts), backoff));
  const context = createQueryContext(pool, writer);
  const own = createPool(address, timeouts, backoff, CLUSTER_CONNECTIONS);
  const store: SharedStore = {
    users: createUserStore(context),
    sessions: createSessionStore(context),
    agents: createAgentStore(context),
    agentTokens: createAgentTokenStore(context),
    apiTokens: createApiTokenStore(context),
    commands: createCommandStore(context),
    output: createOutputStore(context, indexer.wake),
    turns: createTurnStore(context),
    prompts: createPromptStore(context),
    fileChanges: createFileChangesStore(context),
    approvals: createApprovalStore(context),
    connections: createConnectionStore(context),
    audit: createAuditStore(context),
    expiring: createExpiringStore(context),
    cluster: createClusterStore({
      pool,
      own,
      writer,
      schemaVersion: schema.migrations.length,
      store: () => store,
    }),
    probe: () => writer.write(() => Promise.resolve()),
    async close() {
      await writer.close();
      await Promise.all([indexer.close(), pool.close(), own.close()]);
    },
  };
  return store;
}

async function prepare(
  address: DatabaseAddress,
  timeouts: Timeouts,
  run: (connection: Connection) => Promise<void>,
): Promise<void> {
  try {
    const connection = await connect(address, timeouts);
    try {
      await run(connection);
    } finally {
      await connection.close();
    }
  } catch (error) {
    throw explainFailure(error, address);
  }
}

// Applies schema migrations. The SQL is embedded at build time, because a compiled executable cannot read drizzle's
// folder; the table `schema_version` counts the migrations already applied. During an upgrade, hubs of two versions use the same
// tables: those of the earlier version continue to work while migrations only add to them (docs/architecture.md, "Several hubs").
import { and, sql } from 'drizzle-orm';
import { readMigrations } from '../migrations.macro.ts' with { type: 'macro' };
import { LEASE_MS } from '../cluster.ts';
import type { Connection } from './connection.ts';
import { isHubAlive } from './hubs.ts';
import { assertUsable } from './schema-version.ts';
import { hubs } from './schema.ts';

/** The SQL of every migration, in order. */
export const migrations = readMigrations('postgres/migrations');

/**
 * The last migration, counted from 1, that a hub must know to use the tables. Raise it to the number of a new migration that
 * removes or changes what hubs of the version before use, and to no other.
 */
const OLDEST_VERSION = 3;

/** The migrations that a version of Signalbox knows. */
export interface KnownSchema {
  migrations: readonly string[];
  /** How many of them a hub must know to use the tables that they create. */
  oldestVersion: number;
}

/** Those of this version. */
export const knownSchema: KnownSchema = { migrations, oldestVersion: OLDEST_VERSION };

export interface MigrationEvents {
  /** The tables of an earlier version are about to be changed. */
  onUpgrade(): void;
  /** The tables are those of a later version, and this one can use them. Called with their schema version. */
  onNewer(version: number): void;
}

/** Two hubs that start together migrate one after the other. Any number that other programs are unlikely to use. */
const LOCK = 7_420_915_002;
/** How long all migrations may take, and the wait for another hub that migrates. */
const MIGRATION_MS = 30 * 60_000;
/** The oldest server with everything that the schema needs: trusted extensions, and lz4. */
const MIN_SERVER_VERSION = 14;

/** @throws if the version of a server is not supported. @param number for example, 150004 for 15.4 */
export function assertSupported(number: number): void {
  const major = Math.floor(number / 10_000);
  if (major >= MIN_SERVER_VERSION) return;
  throw new Error(
    `The database server is PostgreSQL ${major}. Signalbox needs PostgreSQL ${MIN_SERVER_VERSION} or later.`,
  );
}

/**
 * Applies all missing migrations in one transaction.
 * @throws if the server is too old, the tables are those of a version that this one does not work with, or a hub is running that
 * could not use the tables anymore; the database is left unchanged
 */
export async function migrate(
  connection: Connection,
  { onUpgrade, onNewer }: MigrationEvents,
  { migrations: scripts, oldestVersion }: KnownSchema = knownSchema,
): Promise<void> {
  const { db, execute, runScript } = connection;
  const [server] = await select<[number]>(
    db,
    sql`SELECT current_setting('server_version_num')::int`,
  );
  assertSupported(server?.[0] ?? 0);
  await execute('BEGIN');
  await execute(`SET LOCAL statement_timeout = ${MIGRATION_MS}`);
  await runScript(`SELECT pg_advisory_xact_lock(${LOCK})`, MIGRATION_MS);
  await execute('CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)');
  const [row] = await select<[number]>(db, sql`SELECT version FROM schema_version`);
  const version = row?.[0] ?? 0;
  if (version > scripts.length) {
    await assertUsable(db, scripts.length);
    onNewer(version);
  }
  if (version < scripts.length) {
    if (version > 0 && version < oldestVersion) await assertNoEarlierHub(connection, oldestVersion);
    if (version > 0) onUpgrade();
    for (const script of scripts.slice(version)) await runScript(script, MIGRATION_MS);
    await execute('DELETE FROM schema_version');
    await execute(
      `INSERT INTO schema_version (version, oldest_version) VALUES (${scripts.length}, ${oldestVersion})`,
    );
  }
  await execute('COMMIT');
}

/** @throws if a hub has a lease and does not know the migrations up to `oldestVersion` */
async function assertNoEarlierHub(
  { db, execute }: Connection,
  oldestVersion: number,
): Promise<void> {
  const [table] = await select<[string | null]>(db, sql`SELECT to_regclass('hubs')::text`);
  if (!table?.[0]) return;
  // No hub registers or renews its lease until this transaction ends, and then it checks whether it can still use the tables.
  await execute('LOCK TABLE hubs IN SHARE ROW EXCLUSIVE MODE');
  // Earlier versions have not stored which migrations they know, and their tables have no column for it.
  const knownByHub = sql`coalesce((to_jsonb(hubs) ->> 'schema_version')::bigint, 0)`;
  const earlier = await db
    .select({ node: hubs.node, version: hubs.version })
    .from(hubs)
    .where(and(isHubAlive, sql`${knownByHub} < ${oldestVersion}::bigint`))
    .orderBy(hubs.node);
  if (earlier.length === 0) return;
  const names = earlier.map(({ node, version }) => `${node} (version ${version})`).join(', ');
  throw new Error(
    `The database must be upgraded in a way that these running hubs do not support: ${names}. Stop them, and start this hub again. A hub that has crashed counts as running for ${LEASE_MS / 1_000} s.`,
  );
}

const select = async <Row>(db: Connection['db'], query: ReturnType<typeof sql>): Promise<Row[]> =>
  (await db.execute(query)) as unknown as Row[];

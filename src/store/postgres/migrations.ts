// Applies schema migrations. The SQL is embedded at build time, because a compiled executable cannot read drizzle's
// folder; the table `schema_version` counts the migrations already applied.
import { sql } from 'drizzle-orm';
import { readMigrations } from '../migrations.macro.ts' with { type: 'macro' };
import type { Connection } from './connection.ts';

/** The SQL of every migration, in order. */
export const migrations = readMigrations('postgres/migrations');

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
 * @param onUpgrade called before the tables of an earlier version are changed
 * @throws if the server is too old, or the database is from a newer version of Signalbox; it is left unchanged
 */
export async function migrate(connection: Connection, onUpgrade: () => void): Promise<void> {
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
  if (version > migrations.length) {
    throw new Error(
      `The database has schema version ${version}; this version of Signalbox supports up to ${migrations.length}. Upgrade Signalbox, or use another database.`,
    );
  }
  if (version < migrations.length) {
    if (version > 0) onUpgrade();
    for (const script of migrations.slice(version)) await runScript(script, MIGRATION_MS);
    await execute('DELETE FROM schema_version');
    await execute(`INSERT INTO schema_version (version) VALUES (${migrations.length})`);
  }
  await execute('COMMIT');
}

const select = async <Row>(db: Connection['db'], query: ReturnType<typeof sql>): Promise<Row[]> =>
  (await db.execute(query)) as unknown as Row[];

// Applies schema migrations. The SQL is embedded at build time, because a compiled executable cannot read drizzle's
// folder; SQLite's `user_version` counts the migrations already applied.
import type { Database } from 'bun:sqlite';
import { readMigrations } from './migrations.macro.ts' with { type: 'macro' };

/** The SQL of every migration, in order. */
export const migrations = readMigrations('migrations');

/** Writes the current schema version again: a write that changes nothing. */
export function rewriteVersion(database: Database): void {
  database.run(`PRAGMA user_version = ${migrations.length}`);
}

function readVersion(database: Database): number {
  const row = database.query<{ user_version: number }, []>('PRAGMA user_version').get();
  return row?.user_version ?? 0;
}

/** @throws if the database is from a newer version of Signalbox; it is left unchanged */
export function assertNotNewer(database: Database): void {
  const version = readVersion(database);
  if (version <= migrations.length) return;
  throw new Error(
    `The database has schema version ${version}; this version of Signalbox supports up to ${migrations.length}. Upgrade Signalbox, or use another data folder.`,
  );
}

/** Whether the database has tables of an earlier version. */
export function isOutdated(database: Database): boolean {
  const version = readVersion(database);
  return version > 0 && version < migrations.length;
}

/** Applies all missing migrations in one transaction. Without any, it writes nothing: an fsync would delay the start. */
export function migrate(database: Database): void {
  const version = readVersion(database);
  if (version === migrations.length) return;
  database
    .transaction(() => {
      for (const sql of migrations.slice(version)) database.run(sql);
      rewriteVersion(database);
    })
    .immediate();
}

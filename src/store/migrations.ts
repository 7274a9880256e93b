// Brings a database file to this build's schema. drizzle's own migrator reads a folder, which a compiled binary has not:
// the SQL that drizzle-kit generates is embedded instead, and `user_version` counts what has been applied.
import type { Database } from 'bun:sqlite';
import first from './migrations/0000_first.sql' with { type: 'text' };

const migrations = [first];

/** Writes the version that is there already: a write like any other, that changes nothing. */
export function touch(database: Database): void {
  database.run(`PRAGMA user_version = ${migrations.length}`);
}

function versionOf(database: Database): number {
  const applied = database.query<{ user_version: number }, []>('PRAGMA user_version').get();
  return applied?.user_version ?? 0;
}

/** @throws when the file was written by a newer Signalbox; only reads */
export function mustNotBeNewer(database: Database): void {
  const version = versionOf(database);
  if (version <= migrations.length) return;
  throw new Error(
    `The database is from a newer Signalbox (schema ${version}, this one knows ${migrations.length}): use that one, or another data folder.`,
  );
}

/** Applies the migrations that are missing, all or none. */
export function migrate(database: Database): void {
  const version = versionOf(database);
  database
    .transaction(() => {
      for (const sql of migrations.slice(version)) database.run(sql);
      touch(database);
    })
    .immediate();
}

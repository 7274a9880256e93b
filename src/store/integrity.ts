// Whether the pages of a database are damaged.
import type { Database } from 'bun:sqlite';

type CheckResult = { quick_check: string };

/** Reads the whole file. Returns the first damage that it finds, or null. */
export function findDamage(database: Database): string | null {
  return toDamage(database.query<CheckResult, []>('PRAGMA quick_check(1)').get());
}

/** Reads one table after the other, and lets other work of the thread run in between. Returns the first damage, or null. */
export async function findDamageByTable(database: Database): Promise<string | null> {
  const tables = database.query<{ name: string }, []>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  for (const { name } of tables.all()) {
    await new Promise((resolve) => setImmediate(resolve));
    const damage = toDamage(database.query<CheckResult, []>(`PRAGMA quick_check("${name}")`).get());
    if (damage !== null) return damage;
  }
  return null;
}

function toDamage(result: CheckResult | null): string | null {
  return result?.quick_check === 'ok' ? null : (result?.quick_check ?? 'the check had no result');
}

/** The code of an error of SQLite. drizzle wraps some errors. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error ? String(error.code) : errorCode(error.cause);
}

/** Whether an error of SQLite means that the file is damaged. */
export function isDamageError(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** What to do about damage. */
export function describeDamage(damage: string): string {
  const text = damage.replace(/^\*\*\*.*\*\*\*\s*/, '').replaceAll(/\s+/g, ' ');
  return `The database is damaged (${text}). Restore it from a backup.`;
}

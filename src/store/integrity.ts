// Whether the pages of a database are damaged.
import type { Database } from 'bun:sqlite';

/** Reads the whole file. Returns the first damage that it finds, or null. */
export function findDamage(database: Database): string | null {
  const [result] = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').all();
  return result?.quick_check === 'ok' ? null : (result?.quick_check ?? 'the check had no result');
}

/** Whether an error of SQLite means that the file is damaged. */
export function isDamageError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** What to do about damage. */
export function describeDamage(damage: string): string {
  return `The database is damaged (${damage}). Restore it from a backup.`;
}

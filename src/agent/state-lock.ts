// Allows one agent process per state folder. It uses SQLite's file lock, which the kernel releases when the process
// ends for any reason.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';

/**
 * Locks a state folder.
 * @returns a function that releases the lock, or null if another process holds it
 * @throws if the folder is not writable
 */
export function lockStateFolder(stateDir: string): (() => void) | null {
  const database = new Database(join(stateDir, 'agent.lock'), { create: true });
  try {
    database.run('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return null;
    throw error;
  }
}

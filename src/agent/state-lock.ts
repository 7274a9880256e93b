// One agent process per state folder. SQLite's own file lock does it: it works wherever SQLite does, and the kernel
// lets go of it when the process ends, however it ends.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';

/**
 * Takes the lock of a state folder.
 * @returns how to let go of it, or null where another process has it
 * @throws where the folder cannot be written
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

// What the queries of each table need: the database, and the queue of pending writes.
import type { Database } from 'bun:sqlite';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import type { AuditEntry } from '../protocol/audit.ts';
import type { GroupCommit } from './group-commit.ts';

export interface QueryContext extends Omit<GroupCommit, 'write'> {
  db: ReturnType<typeof createQueryBuilder>;
  /** Commits `run` and audit entries about it in one transaction, at the end of the current event loop turn. */
  write(run: () => void, ...entries: (AuditEntry | undefined)[]): Promise<void>;
  /** Runs a synchronous query and reports its errors as rejections. */
  read<T>(query: () => T): Promise<T>;
}

/** Creates a drizzle instance for an open database. Columns are snake_case in SQL and camelCase in TypeScript. */
export function createQueryBuilder(client: Database) {
  return drizzle({ client, casing: 'snake_case' });
}

// What the queries of each table need: the database, and the queue of pending writes.
import type { Database } from 'bun:sqlite';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import type { GroupCommit } from './group-commit.ts';

export interface QueryContext extends GroupCommit {
  db: ReturnType<typeof createQueryBuilder>;
  /** Runs a synchronous query and reports its errors as rejections. */
  read<T>(query: () => T): Promise<T>;
}

/** Creates a drizzle instance for an open database. Columns are snake_case in SQL and camelCase in TypeScript. */
export function createQueryBuilder(client: Database) {
  return drizzle({ client, casing: 'snake_case' });
}

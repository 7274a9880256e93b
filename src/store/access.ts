// What each noun's queries are given: the tables, and the queue of writes before them.
import type { Database } from 'bun:sqlite';
import { drizzle } from 'drizzle-orm/bun-sqlite';
import type { GroupCommit } from './group-commit.ts';

export interface Access extends GroupCommit {
  db: ReturnType<typeof connect>;
  /** Runs a query as a promise, so that its errors are rejections too. */
  read<T>(query: () => T): Promise<T>;
}

/** drizzle on an open database; columns are in snake case there, in camel case here. */
export function connect(client: Database) {
  return drizzle({ client, casing: 'snake_case' });
}

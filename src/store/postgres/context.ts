// What the queries of each table need.
import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { AuditEntry } from '../../protocol/audit.ts';
import type { Db } from './connection.ts';
import type { Pool } from './pool.ts';
import { audit } from './schema.ts';
import { toTextArray } from './text-encoding.ts';
import type { RunTogether, Writer } from './writer.ts';

export type { Db };

/** Queries of a write. They may run several times, so they leave nothing behind in memory that a repetition would spoil. */
type Run = (db: Db) => Promise<unknown>;

export interface QueryContext extends Omit<Pool, 'close'> {
  /** Commits `run` and audit entries about it in one transaction, with other pending writes. */
  write(run: Run, ...entries: (AuditEntry | undefined)[]): Promise<void>;
  /** Commits `run` within a few milliseconds: for writes that no request waits for. */
  writeDeferred(run: Run): Promise<void>;
  /** The same for a write that can run together with others of its kind, with fewer statements. */
  writeTogether<Item>(run: RunTogether<Item>, item: Item): Promise<void>;
}

export function createQueryContext(pool: Pool, writer: Writer): QueryContext {
  return {
    ...pool,
    writeDeferred: writer.writeDeferred,
    writeTogether: writer.writeTogether,
    write(run, ...entries) {
      const stored = entries.filter((entry) => entry !== undefined);
      if (stored.length === 0) return writer.write(run);
      return writer.write(async (db) => {
        await run(db);
        await db.insert(audit).values(stored);
      });
    },
  };
}

/** Whether a column has one of these values. The statement is the same for any number of them. */
export const isOneOf = (column: PgColumn, values: readonly string[]): SQL<boolean> =>
  sql`${column} = ANY(${toTextArray(values)}::text[])`;

/** The same for none of them. */
export const isNoneOf = (column: PgColumn, values: readonly string[]): SQL<boolean> =>
  sql`${column} <> ALL(${toTextArray(values)}::text[])`;

/** Selects rows by their position, without a scan of the table. @param query selects `ctid` */
export const isRowOf = (query: SQL): SQL<boolean> => sql`ctid = ANY(ARRAY(${query}))`;

// The tables that are copied from one database to another, and the columns that both have.
import { getTableColumns, getTableName } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import * as postgres from '../postgres/schema.ts';
import * as sqlite from '../schema.ts';

/** A row with the columns that both databases have. */
export type Row = Readonly<Record<string, unknown>>;

export interface CopiedTable {
  name: string;
  sqlite: SQLiteTable;
  postgres: PgTable;
  /** The columns of the primary key. */
  key: readonly string[];
  /** The columns that are copied. */
  columns: readonly string[];
}

/** The sizes of blocks depend on the database, and so do those of transcripts, which are their sums. */
const DERIVED = 'bytes';

function define(own: SQLiteTable, other: PgTable, ...key: string[]): CopiedTable {
  const others = getTableColumns(other);
  const columns = Object.keys(getTableColumns(own)).filter(
    (column) => column in others && !(other === postgres.transcripts && column === DERIVED),
  );
  return { name: getTableName(other), sqlite: own, postgres: other, key, columns };
}

/** In the order in which they are copied: blocks after commands, and transcripts after blocks. */
export const copiedTables: readonly CopiedTable[] = [
  define(sqlite.users, postgres.users, 'id'),
  define(sqlite.sessions, postgres.sessions, 'id'),
  define(sqlite.agents, postgres.agents, 'agentId'),
  define(sqlite.agentTokens, postgres.agentTokens, 'id'),
  define(sqlite.apiTokens, postgres.apiTokens, 'id'),
  define(sqlite.savedPrompts, postgres.savedPrompts, 'id'),
  define(sqlite.commands, postgres.commands, 'id'),
  define(sqlite.output, postgres.output, 'commandId', 'sequence'),
  define(sqlite.outputBlocks, postgres.outputBlocks, 'commandId', 'firstSequence'),
  define(sqlite.transcripts, postgres.transcripts, 'commandId'),
  define(sqlite.turns, postgres.turns, 'commandId'),
  define(sqlite.turnParts, postgres.turnParts, 'commandId', 'index'),
  define(sqlite.fileChanges, postgres.fileChanges, 'commandId'),
  define(sqlite.fileReverts, postgres.fileReverts, 'commandId', 'path'),
  define(sqlite.approvals, postgres.approvals, 'approvalId'),
  define(sqlite.approvalDetails, postgres.approvalDetails, 'approvalId'),
  define(sqlite.connections, postgres.connections, 'id'),
  define(sqlite.audit, postgres.audit, 'time', 'id'),
];

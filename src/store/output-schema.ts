// The SQLite tables of what commands leave: output, turns, and changed files. See schema.ts.
import { sql } from 'drizzle-orm';
import {
  blob,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core';
import type { OutputStream } from '../protocol/entities.ts';
import type { RemovalReason } from '../protocol/output-removal.ts';
import type { TurnPart, TurnState } from '../protocol/turn.ts';
import type {
  StoredChunk,
  StoredFileRevert,
  StoredTranscript,
  StoredTurn,
  StoredTurnPart,
} from './store.ts';
import type { TableOf } from './table-of.ts';

export const output = sqliteTable(
  'output',
  {
    commandId: text().notNull(),
    sequence: integer().notNull(),
    type: text().$type<OutputStream>().notNull(),
    data: text().notNull(),
    timestamp: integer().notNull(),
    offset: integer().notNull(),
    lostBytes: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.sequence] })],
) satisfies TableOf<StoredChunk & { commandId: string }>;

/**
 * Older output in compressed blocks. Each contains all chunks from `firstSequence` up to `nextSequence` that were stored.
 * `output_search`, an FTS5 table, is created by the migration.
 */
export const outputBlocks = sqliteTable(
  'output_blocks',
  {
    commandId: text().notNull(),
    firstSequence: integer().notNull(),
    nextSequence: integer().notNull(),
    /** The bytes before its first chunk. */
    firstOffset: integer().notNull(),
    /** The size of its text. */
    textBytes: integer().notNull(),
    /** The number of the block in the search index, in the order of commands; null if the command is unknown. */
    searchRow: integer(),
    isIndexed: integer({ mode: 'boolean' }).notNull(),
    /** The line that continues in the next block, as far as it is searched. */
    tail: text().notNull(),
    checksum: integer().notNull(),
    data: blob({ mode: 'buffer' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.commandId, table.firstSequence] }),
    uniqueIndex('output_blocks_by_search_row').on(table.searchRow),
    index('output_blocks_unindexed')
      .on(table.searchRow)
      .where(sql`is_indexed = 0`),
  ],
);

export const transcripts = sqliteTable(
  'transcripts',
  {
    commandId: text().primaryKey(),
    bytes: integer().notNull(),
    updatedAt: integer().notNull(),
    removedAt: integer(),
    removalReason: text().$type<RemovalReason>(),
    removalLimit: integer(),
  },
  (table) => [
    index('transcripts_by_update')
      .on(table.updatedAt)
      .where(sql`removed_at IS NULL`),
    index('transcripts_to_delete')
      .on(table.removedAt)
      .where(sql`removed_at IS NOT NULL AND bytes > 0`),
  ],
) satisfies TableOf<StoredTranscript>;

/** One row: the size of all transcripts. Triggers keep it up to date. */
export const transcriptTotal = sqliteTable('transcript_total', { bytes: integer().notNull() });

export const turns = sqliteTable('turns', {
  commandId: text().primaryKey(),
  state: text().$type<TurnState>().notNull(),
  nextSequence: integer().notNull(),
}) satisfies TableOf<Omit<StoredTurn, 'parts'> & { commandId: string }>;

export const turnParts = sqliteTable(
  'turn_parts',
  {
    commandId: text().notNull(),
    index: integer().notNull(),
    revision: integer().notNull(),
    content: text({ mode: 'json' }).$type<TurnPart>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.index] })],
) satisfies TableOf<StoredTurnPart & { commandId: string }>;

/** The files that each command has changed: `FileChanges` as JSON, compressed. */
export const fileChanges = sqliteTable('file_changes', {
  commandId: text().primaryKey(),
  data: blob({ mode: 'buffer' }).notNull(),
});

export const fileReverts = sqliteTable(
  'file_reverts',
  {
    commandId: text().notNull(),
    path: text().notNull(),
    revertedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.path] })],
) satisfies TableOf<StoredFileRevert>;

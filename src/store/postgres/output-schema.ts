// The PostgreSQL tables of what commands leave: output, turns, and changed files. See schema.ts.
import { sql } from 'drizzle-orm';
import { boolean, doublePrecision, index, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import type { OutputStream } from '../../protocol/entities.ts';
import type { RemovalReason } from '../../protocol/output-removal.ts';
import type { TurnPart, TurnState } from '../../protocol/turn.ts';
import type {
  StoredChunk,
  StoredFileRevert,
  StoredTranscript,
  StoredTurn,
  StoredTurnPart,
} from '../store.ts';
import type { TableOf } from '../table-of.ts';
import { bytes, integer, json, text } from './columns.ts';

export const output = pgTable(
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

/** Older output in compressed blocks. Each contains all chunks from `firstSequence` up to `nextSequence` that were stored. */
export const outputBlocks = pgTable(
  'output_blocks',
  {
    commandId: text().notNull(),
    firstSequence: integer().notNull(),
    nextSequence: integer().notNull(),
    /** The bytes before its first chunk. */
    firstOffset: integer().notNull(),
    /** The size of its text. */
    textBytes: integer().notNull(),
    /** The line that continues in the next block, as far as it is searched. */
    tail: text().notNull(),
    checksum: integer().notNull(),
    data: bytes().notNull(),
    /** The text as it is searched, in lowercase; null until the block is indexed. */
    plainText: text(),
  },
  (table) => [
    primaryKey({ columns: [table.commandId, table.firstSequence] }),
    index('output_blocks_unindexed')
      .on(table.commandId, table.firstSequence)
      .where(sql`plain_text IS NULL`),
    index('output_blocks_by_text')
      .using('gin', table.plainText.op('gin_trgm_ops'))
      .with({ fastupdate: false }),
  ],
);

/**
 * Where the output of a command begins that a later owner of its agent has received (src/store/cluster.ts). A trigger on
 * `agent_states` adds the rows (migrations/0004_output_epochs.sql).
 */
export const outputEpochs = pgTable(
  'output_epochs',
  {
    commandId: text().notNull(),
    /** The epoch of the owner. */
    epoch: integer().notNull(),
    firstSequence: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.epoch] })],
);

export const transcripts = pgTable(
  'transcripts',
  {
    commandId: text().primaryKey(),
    bytes: integer().notNull(),
    updatedAt: integer().notNull(),
    removedAt: integer(),
    removalReason: text().$type<RemovalReason>(),
    /** A fraction of a byte is possible. */
    removalLimit: doublePrecision(),
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

/**
 * The size of all transcripts is the sum of these rows. Triggers keep it up to date: each connection changes one row, so that
 * hubs do not wait for each other's commits.
 */
export const transcriptTotal = pgTable('transcript_total', {
  shard: integer().primaryKey(),
  bytes: integer().notNull(),
});

export const turns = pgTable('turns', {
  commandId: text().primaryKey(),
  state: text().$type<TurnState>().notNull(),
  nextSequence: integer().notNull(),
}) satisfies TableOf<Omit<StoredTurn, 'parts'> & { commandId: string }>;

export const turnParts = pgTable(
  'turn_parts',
  {
    commandId: text().notNull(),
    index: integer().notNull(),
    revision: integer().notNull(),
    content: json().$type<TurnPart>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.index] })],
) satisfies TableOf<StoredTurnPart & { commandId: string }>;

/** The files that each command has changed: `FileChanges` as JSON, compressed. */
export const fileChanges = pgTable('file_changes', {
  commandId: text().primaryKey(),
  data: bytes().notNull(),
});

export const fileReverts = pgTable(
  'file_reverts',
  {
    commandId: text().notNull(),
    path: text().notNull(),
    revertedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.path] })],
) satisfies TableOf<StoredFileRevert>;

/** The connections that write, to find out whether a commit took effect whose answer was lost (migrations/0000_first.sql). */
export const writers = pgTable('writers', {
  id: text().primaryKey(),
  /** The number of the last commit. */
  commits: integer().notNull(),
  /** Whether it can commit nothing anymore. */
  isEnded: boolean().notNull(),
  usedAt: integer().notNull(),
});

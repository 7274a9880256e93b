// The SQLite tables. Times are Unix milliseconds; IDs are UUIDv7, which sort by time. After a change, run
// `make migration`.
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
import type { AgentType } from '../protocol/agent-status.ts';
import type { AuditAction, AuditDetail, AuditEntry } from '../protocol/audit.ts';
import type { ApprovalOption } from '../protocol/approvals.ts';
import type { CommandStatus, Priority, StopReason } from '../protocol/command-status.ts';
import type { OutputStream, Pause, Role, Session } from '../protocol/entities.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { RemovalReason } from '../protocol/output-removal.ts';
import type { TurnPart, TurnState } from '../protocol/turn.ts';
import type { Changes, ChangesProblem, Usage } from '../protocol/report.ts';
import type {
  StoredAgent,
  StoredAgentToken,
  StoredApiToken,
  StoredApproval,
  StoredChunk,
  StoredCommand,
  StoredConnection,
  StoredFileRevert,
  StoredIdentity,
  StoredPrompt,
  StoredSession,
  StoredTranscript,
  StoredTurn,
  StoredTurnPart,
  StoredTwoFactor,
  StoredUser,
} from './store.ts';

/** A table whose rows have the fields of `Row`: the compiler reports a missing or mistyped column. */
interface TableOf<Row> {
  $inferSelect: Row;
}

export const users = sqliteTable('users', {
  id: text().primaryKey(),
  passwordHash: text(),
  role: text().$type<Role>().notNull(),
  agents: text({ mode: 'json' }).$type<string[]>(),
  createdAt: integer().notNull(),
  disabledAt: integer(),
  twoFactor: text({ mode: 'json' }).$type<StoredTwoFactor>(),
  identity: text({ mode: 'json' }).$type<StoredIdentity>(),
}) satisfies TableOf<StoredUser>;

export const sessions = sqliteTable('sessions', {
  id: text().primaryKey(),
  userId: text().notNull(),
  role: text().$type<Role>().notNull(),
  agents: text({ mode: 'json' }).$type<string[]>(),
  createdAt: integer().notNull(),
  expiresAt: integer().notNull(),
  lastSeenAt: integer().notNull(),
  address: text(),
  userAgent: text(),
}) satisfies TableOf<StoredSession>;

export const agents = sqliteTable('agents', {
  agentId: text().primaryKey(),
  agentType: text().$type<AgentType>().notNull(),
  labels: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
  createdAt: integer().notNull(),
  createdBy: text().notNull(),
  connectionTime: integer(),
  lastHeartbeat: integer(),
  capabilities: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
  paused: text({ mode: 'json' }).$type<Pause>(),
}) satisfies TableOf<StoredAgent>;

export const agentTokens = sqliteTable('agent_tokens', {
  id: text().primaryKey(),
  agentId: text().notNull(),
  tokenHash: text().notNull(),
  name: text(),
  createdAt: integer().notNull(),
  createdBy: text().notNull(),
  expiresAt: integer(),
  lastUsedAt: integer(),
}) satisfies TableOf<StoredAgentToken>;

export const apiTokens = sqliteTable('api_tokens', {
  id: text().primaryKey(),
  userId: text().notNull(),
  name: text().notNull(),
  tokenHash: text().notNull(),
  scope: text().$type<Role>().notNull(),
  createdAt: integer().notNull(),
  expiresAt: integer().notNull(),
  lastUsedAt: integer(),
  lastAddress: text(),
}) satisfies TableOf<StoredApiToken>;

export const commands = sqliteTable(
  'commands',
  {
    /** The number of the command in the search index, never reused. */
    row: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    agentId: text().notNull(),
    command: text().notNull(),
    priority: text().$type<Priority>().notNull(),
    status: text().$type<CommandStatus>().notNull(),
    requestedBy: text().notNull(),
    requestedAt: integer().notNull(),
    startedAt: integer(),
    completedAt: integer(),
    exitCode: integer(),
    signal: text(),
    session: text().$type<Session>().notNull(),
    timeoutMs: integer().notNull(),
    error: text({ mode: 'json' }).$type<CommandError>(),
    stopReason: text().$type<StopReason>(),
    disconnectedAt: integer(),
    comparisonId: text(),
    conversationId: text(),
    usage: text({ mode: 'json' }).$type<Usage>(),
    changes: text({ mode: 'json' }).$type<Changes>(),
    editedBy: text(),
    changesProblem: text().$type<ChangesProblem>(),
    requestId: text(),
    attempt: integer().notNull(),
    sent: integer({ mode: 'boolean' }).notNull(),
    journalId: text(),
    agentNextSequence: integer().notNull(),
    isOutputOpen: integer({ mode: 'boolean' }).notNull().default(false),
    lastSequence: integer(),
    totalBytes: integer(),
    queueRank: integer(),
  },
  (table) => [
    index('commands_by_agent').on(table.agentId, table.id),
    index('commands_by_agent_and_status').on(table.agentId, table.status, table.id),
    index('commands_by_status').on(table.status, table.id),
    index('commands_by_request').on(table.requestedAt),
    index('commands_by_user').on(table.requestedBy),
    index('commands_edited')
      .on(table.editedBy)
      .where(sql`edited_by IS NOT NULL`),
    index('commands_by_end').on(table.completedAt),
    index('commands_by_agent_and_end').on(table.agentId, table.completedAt, table.id),
    index('commands_output_open')
      .on(table.id)
      .where(sql`is_output_open = 1`),
    index('commands_by_comparison').on(table.comparisonId, table.id),
    index('commands_compared')
      .on(table.id)
      .where(sql`comparison_id IS NOT NULL`),
    index('commands_by_conversation').on(table.conversationId, table.id),
  ],
) satisfies TableOf<StoredCommand>;

/** The prompts that users saved. */
export const savedPrompts = sqliteTable(
  'saved_prompts',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    name: text().notNull(),
    text: text().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [uniqueIndex('saved_prompts_by_name').on(table.userId, table.name)],
) satisfies TableOf<StoredPrompt>;

/** One row: how far the search index has been built. `command_search`, an FTS5 table, is created by its migration. */
export const commandSearchProgress = sqliteTable('command_search_progress', {
  /** Commands up to this row are not indexed yet. */
  unindexedUpTo: integer().notNull(),
});

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

export const approvals = sqliteTable(
  'approvals',
  {
    approvalId: text().primaryKey(),
    commandId: text().notNull(),
    agentId: text().notNull(),
    title: text().notNull(),
    detail: text(),
    detailBytes: integer(),
    options: text({ mode: 'json' }).$type<ApprovalOption[]>().notNull(),
    requestedAt: integer().notNull(),
    outcome: text().$type<'selected' | 'cancelled'>(),
    optionId: text(),
    resolvedBy: text(),
    resolvedAt: integer(),
    appliedAt: integer(),
  },
  (table) => [
    index('approvals_by_command').on(table.commandId),
    index('approvals_by_outcome').on(table.outcome, table.appliedAt),
    index('approvals_by_user').on(table.resolvedBy),
    index('approvals_by_resolution').on(table.resolvedAt),
  ],
) satisfies TableOf<StoredApproval>;

/** Details that are longer than their excerpt in `approvals`, so that reading and updating a request stays cheap. */
export const approvalDetails = sqliteTable('approval_details', {
  approvalId: text().primaryKey(),
  detail: text().notNull(),
});

export const connections = sqliteTable(
  'connections',
  {
    id: text().primaryKey(),
    kind: text().$type<'dashboard' | 'agent'>().notNull(),
    peer: text().notNull(),
    connectedAt: integer().notNull(),
    disconnectedAt: integer(),
    closeCode: integer(),
    closeReason: text(),
    clientInfo: text({ mode: 'json' }).$type<Record<string, string>>(),
    credentialId: text(),
    address: text(),
  },
  (table) => [
    index('connections_by_start').on(table.connectedAt, table.id),
    index('connections_by_end').on(table.disconnectedAt),
    index('connections_by_peer').on(table.peer, table.connectedAt),
  ],
) satisfies TableOf<StoredConnection>;

export const audit = sqliteTable(
  'audit',
  {
    id: text().notNull(),
    time: integer().notNull(),
    actorKind: text().$type<AuditEntry['actorKind']>().notNull(),
    actor: text(),
    credentialId: text(),
    address: text(),
    action: text().$type<AuditAction>().notNull(),
    target: text(),
    detail: text({ mode: 'json' }).$type<AuditDetail>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.time, table.id] }),
    index('audit_by_actor').on(table.actor, table.time),
    index('audit_by_action').on(table.action, table.time),
    index('audit_by_target').on(table.target, table.time),
    index('audit_exports_by_actor')
      .on(sql`(detail ->> 'actor')`)
      .where(sql`action = 'audit.exported'`),
    index('audit_exports_by_target')
      .on(sql`(detail ->> 'target')`)
      .where(sql`action = 'audit.exported'`),
  ],
) satisfies TableOf<AuditEntry>;

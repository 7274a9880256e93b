// The tables. Times are Unix milliseconds; ids are UUIDv7, sortable by time.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { AgentType } from '../protocol/agent-status.ts';
import type { ApprovalOption } from '../protocol/approvals.ts';
import type { CommandStatus, Priority } from '../protocol/command-status.ts';
import type { OutputStream, Role, Session } from '../protocol/entities.ts';
import type { CommandError } from '../protocol/errors.ts';
import type { Changes, Usage } from '../protocol/report.ts';

export const users = sqliteTable('users', {
  /** The name to log in with. */
  id: text().primaryKey(),
  passwordHash: text().notNull(),
  role: text().$type<Role>().notNull(),
  createdAt: integer().notNull(),
});

export const agents = sqliteTable('agents', {
  agentId: text().primaryKey(),
  agentType: text().$type<AgentType>().notNull(),
  /** SHA-256 of the token, hexadecimal: the token itself is shown once and kept nowhere. */
  tokenHash: text().notNull(),
  createdAt: integer().notNull(),
  createdBy: text().notNull(),
});

export const commands = sqliteTable(
  'commands',
  {
    id: text().primaryKey(),
    agentId: text().notNull(),
    command: text().notNull(),
    priority: text().$type<Priority>().notNull(),
    status: text().$type<CommandStatus>().notNull(),
    requestedBy: text().notNull(),
    requestedAt: integer().notNull(),
    startedAt: integer(),
    completedAt: integer(),
    exitCode: integer(),
    /** The signal that ended its program, if one did. */
    signal: text(),
    session: text().$type<Session>().notNull(),
    timeoutMs: integer().notNull(),
    error: text({ mode: 'json' }).$type<CommandError>(),
    comparisonId: text(),
    conversationId: text(),
    usage: text({ mode: 'json' }).$type<Usage>(),
    changes: text({ mode: 'json' }).$type<Changes>(),
    requestId: text(),
    /** How often it was handed to an agent; an agent runs one attempt at most once. */
    attempt: integer().notNull(),
    /** Whether this attempt may have reached an agent. */
    sent: integer({ mode: 'boolean' }).notNull(),
    /** The agent's journal that this attempt was sent to. */
    journalId: text(),
    /** The agent's own sequence up to which output is committed. */
    agentNextSequence: integer().notNull(),
    /** Of its output, once it has ended: what is known of it after the output itself is gone. */
    lastSequence: integer(),
    totalBytes: integer(),
  },
  (table) => [
    index('commands_by_agent').on(table.agentId, table.id),
    index('commands_by_status').on(table.status, table.id),
    index('commands_by_request').on(table.requestedAt),
    index('commands_by_comparison').on(table.comparisonId, table.id),
    index('commands_by_conversation').on(table.conversationId, table.id),
  ],
);

export const output = sqliteTable(
  'output',
  {
    commandId: text().notNull(),
    sequence: integer().notNull(),
    type: text().$type<OutputStream>().notNull(),
    data: text().notNull(),
    timestamp: integer().notNull(),
    /** Bytes the program wrote before this chunk, lost ones included. */
    offset: integer().notNull(),
    /** Bytes an agent had to drop, where this row stands for such a gap; 0 for output. */
    lostBytes: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.commandId, table.sequence] })],
);

export const approvals = sqliteTable(
  'approvals',
  {
    approvalId: text().primaryKey(),
    commandId: text().notNull(),
    agentId: text().notNull(),
    title: text().notNull(),
    detail: text(),
    options: text({ mode: 'json' }).$type<ApprovalOption[]>().notNull(),
    requestedAt: integer().notNull(),
    /** Null while it is open. */
    outcome: text().$type<'selected' | 'cancelled'>(),
    optionId: text(),
    /** Who answered; null where nobody did. */
    resolvedBy: text(),
    resolvedAt: integer(),
    /** When the agent said that its program has the answer. */
    appliedAt: integer(),
  },
  (table) => [
    index('approvals_by_command').on(table.commandId),
    index('approvals_by_outcome').on(table.outcome, table.appliedAt),
  ],
);

export const connections = sqliteTable(
  'connections',
  {
    id: text().primaryKey(),
    kind: text().$type<'dashboard' | 'agent'>().notNull(),
    /** The user or agent at the other end. */
    peer: text().notNull(),
    connectedAt: integer().notNull(),
    disconnectedAt: integer(),
    closeCode: integer(),
    closeReason: text(),
    clientInfo: text({ mode: 'json' }).$type<Record<string, string>>(),
  },
  (table) => [index('connections_by_time').on(table.connectedAt)],
);

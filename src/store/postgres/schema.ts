// The PostgreSQL tables. Times are Unix milliseconds; IDs are UUIDv7, which sort by time. After a change, run
// `make pg-migration`.
import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, primaryKey, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AgentType } from '../../protocol/agent-status.ts';
import type { AuditAction, AuditDetail, AuditEntry } from '../../protocol/audit.ts';
import type { ApprovalOption } from '../../protocol/approvals.ts';
import type { CommandStatus, Priority, StopReason } from '../../protocol/command-status.ts';
import type { Pause, Role, Session } from '../../protocol/entities.ts';
import type { CommandError } from '../../protocol/errors.ts';
import type { Changes, ChangesProblem, Usage } from '../../protocol/report.ts';
import type {
  StoredAgent,
  StoredAgentToken,
  StoredApiToken,
  StoredApproval,
  StoredCommand,
  StoredConnection,
  StoredIdentity,
  StoredPrompt,
  StoredSession,
  StoredTwoFactor,
  StoredUser,
} from '../store.ts';
import type { TableOf } from '../table-of.ts';
import { integer, json, text } from './columns.ts';

export * from './cluster-schema.ts';
export * from './output-schema.ts';

export const users = pgTable('users', {
  id: text().primaryKey(),
  passwordHash: text(),
  role: text().$type<Role>().notNull(),
  agents: json().$type<string[]>(),
  createdAt: integer().notNull(),
  disabledAt: integer(),
  twoFactor: json().$type<StoredTwoFactor>(),
  identity: json().$type<StoredIdentity>(),
}) satisfies TableOf<StoredUser>;

export const sessions = pgTable('sessions', {
  id: text().primaryKey(),
  userId: text().notNull(),
  role: text().$type<Role>().notNull(),
  agents: json().$type<string[]>(),
  createdAt: integer().notNull(),
  expiresAt: integer().notNull(),
  lastSeenAt: integer().notNull(),
  address: text(),
  userAgent: text(),
}) satisfies TableOf<StoredSession>;

export const agents = pgTable('agents', {
  agentId: text().primaryKey(),
  agentType: text().$type<AgentType>().notNull(),
  labels: json().$type<string[]>().notNull(),
  createdAt: integer().notNull(),
  createdBy: text().notNull(),
  connectionTime: integer(),
  lastHeartbeat: integer(),
  capabilities: json().$type<string[]>().notNull(),
  paused: json().$type<Pause>(),
}) satisfies TableOf<StoredAgent>;

export const agentTokens = pgTable('agent_tokens', {
  id: text().primaryKey(),
  agentId: text().notNull(),
  tokenHash: text().notNull(),
  name: text(),
  createdAt: integer().notNull(),
  createdBy: text().notNull(),
  expiresAt: integer(),
  lastUsedAt: integer(),
}) satisfies TableOf<StoredAgentToken>;

export const apiTokens = pgTable('api_tokens', {
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

export const commands = pgTable(
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
    signal: text(),
    session: text().$type<Session>().notNull(),
    timeoutMs: integer().notNull(),
    error: json().$type<CommandError>(),
    stopReason: text().$type<StopReason>(),
    disconnectedAt: integer(),
    comparisonId: text(),
    conversationId: text(),
    usage: json().$type<Usage>(),
    changes: json().$type<Changes>(),
    editedBy: text(),
    changesProblem: text().$type<ChangesProblem>(),
    requestId: text(),
    attempt: integer().notNull(),
    sent: boolean().notNull(),
    journalId: text(),
    agentNextSequence: integer().notNull(),
    isOutputOpen: boolean().notNull().default(false),
    lastSequence: integer(),
    totalBytes: integer(),
    queueRank: integer(),
  },
  (table) => [
    index('commands_by_agent').on(table.agentId, table.id),
    index('commands_by_agent_and_status').on(table.agentId, table.status, table.id),
    index('commands_by_status').on(table.status, table.id),
    index('commands_by_request').on(table.requestedAt),
    index('commands_by_user').on(table.requestedBy, table.id),
    index('commands_edited')
      .on(table.editedBy)
      .where(sql`edited_by IS NOT NULL`),
    index('commands_by_end').on(table.completedAt),
    index('commands_by_agent_and_end').on(table.agentId, table.completedAt, table.id),
    index('commands_output_open')
      .on(table.id)
      .where(sql`is_output_open`),
    // An agent runs one command at a time, even if two hubs believe that they own it.
    uniqueIndex('commands_sent')
      .on(table.agentId)
      .where(sql`sent AND status IN ('queued', 'running')`),
    index('commands_by_comparison').on(table.comparisonId, table.id),
    index('commands_compared')
      .on(table.id)
      .where(sql`comparison_id IS NOT NULL`),
    index('commands_by_conversation').on(table.conversationId, table.id),
    // Each update of a command that changes an indexed column would add to the list of pending entries, and an insertion
    // would have to work it off.
    index('commands_by_text')
      .using('gin', table.command.op('gin_trgm_ops'))
      .with({ fastupdate: false }),
  ],
) satisfies TableOf<StoredCommand>;

/** The prompts that users saved. */
export const savedPrompts = pgTable(
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

export const approvals = pgTable(
  'approvals',
  {
    approvalId: text().primaryKey(),
    commandId: text().notNull(),
    agentId: text().notNull(),
    title: text().notNull(),
    detail: text(),
    detailBytes: integer(),
    options: json().$type<ApprovalOption[]>().notNull(),
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
export const approvalDetails = pgTable('approval_details', {
  approvalId: text().primaryKey(),
  detail: text().notNull(),
});

export const connections = pgTable(
  'connections',
  {
    id: text().primaryKey(),
    kind: text().$type<'dashboard' | 'agent'>().notNull(),
    peer: text().notNull(),
    connectedAt: integer().notNull(),
    disconnectedAt: integer(),
    closeCode: integer(),
    closeReason: text(),
    clientInfo: json().$type<Record<string, string>>(),
    credentialId: text(),
    address: text(),
    /** The hub that it is to, if several share the database. */
    hubId: text(),
  },
  (table) => [
    index('connections_by_start').on(table.connectedAt, table.id),
    index('connections_by_end').on(table.disconnectedAt, table.id),
    index('connections_by_peer').on(table.peer, table.connectedAt),
  ],
) satisfies TableOf<StoredConnection>;

export const audit = pgTable(
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
    detail: json().$type<AuditDetail>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.time, table.id] }),
    index('audit_by_actor').on(table.actor, table.time),
    index('audit_by_action').on(table.action, table.time),
    index('audit_by_target').on(table.target, table.time),
    index('audit_exports_by_actor')
      .on(sql`(detail::json ->> 'actor')`)
      .where(sql`action = 'audit.exported'`),
    index('audit_exports_by_target')
      .on(sql`(detail::json ->> 'target')`)
      .where(sql`action = 'audit.exported'`),
  ],
) satisfies TableOf<AuditEntry>;

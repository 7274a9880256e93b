// The entities of data-model.md as they are told to others: dates are Unix milliseconds, as everywhere on the wire.
import { type Static, Type } from '@sinclair/typebox';
import { AgentStatus, AgentType } from './agent-status.ts';
import { CommandStatus, Priority } from './command-status.ts';
import { CommandError } from './errors.ts';
import { Id, Timestamp } from './message.ts';
import { Changes, Usage } from './report.ts';

/** What a person may do: watch; also command and interrupt; also manage agents. */
export const Role = Type.Union([
  Type.Literal('viewer'),
  Type.Literal('operator'),
  Type.Literal('admin'),
]);
export type Role = Static<typeof Role>;

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Whether `role` may do what `needed` may do. */
export function hasRole(role: Role, needed: Role): boolean {
  return ranks[role] >= ranks[needed];
}

export const OutputStream = Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]);
export type OutputStream = Static<typeof OutputStream>;

/** Whether an AI prompt goes on with the agent's conversation or begins another. */
export const Session = Type.Union([Type.Literal('continue'), Type.Literal('new')]);
export type Session = Static<typeof Session>;

/** Browser and system information of a dashboard. */
export const ClientInfo = Type.Object({
  userAgent: Type.String({ maxLength: 1024 }),
  timezone: Type.String({ maxLength: 128 }),
});
export type ClientInfo = Static<typeof ClientInfo>;

/** A command from request to completion (data-model.md, "CommandExecution"). */
export const CommandExecution = Type.Object({
  id: Type.String(),
  agentId: Type.String(),
  command: Type.String(),
  priority: Priority,
  status: CommandStatus,
  requestedBy: Type.String(),
  requestedAt: Timestamp,
  startedAt: Type.Union([Timestamp, Type.Null()]),
  completedAt: Type.Union([Timestamp, Type.Null()]),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  /** The signal that ended its program, if one did. */
  signal: Type.Union([Type.String(), Type.Null()]),
  session: Session,
  timeoutMs: Type.Integer(),
  error: Type.Union([CommandError, Type.Null()]),
  /** Which comparison it belongs to: the same prompt given to several agents. */
  comparisonId: Type.Union([Type.String(), Type.Null()]),
  /** The AI conversation it belongs to, as its program calls it. */
  conversationId: Type.Union([Type.String(), Type.Null()]),
  usage: Type.Union([Usage, Type.Null()]),
  changes: Type.Union([Changes, Type.Null()]),
});
export type CommandExecution = Static<typeof CommandExecution>;

/** The child process of a running command, as its agent last reported it. */
export const AgentProcess = Type.Object({
  commandId: Id,
  pid: Type.Integer(),
  alive: Type.Boolean(),
  lastOutputAt: Type.Union([Timestamp, Type.Null()]),
});
export type AgentProcess = Static<typeof AgentProcess>;

/** An agent that the hub knows, connected or not (data-model.md, "AgentConnection"), and how old that knowledge is. */
export const AgentSummary = Type.Object({
  agentId: Type.String(),
  agentType: AgentType,
  status: AgentStatus,
  capabilities: Type.Array(Type.String()),
  connectionTime: Type.Union([Timestamp, Type.Null()]),
  lastHeartbeat: Type.Union([Timestamp, Type.Null()]),
  currentCommand: Type.Union([Type.String(), Type.Null()]),
  queueLength: Type.Integer(),
  /** Since when it is away; null while it is connected, or where it never was. */
  offlineSince: Type.Union([Timestamp, Type.Null()]),
  /** When output of its command last arrived. */
  lastOutputAt: Type.Union([Timestamp, Type.Null()]),
  process: Type.Union([AgentProcess, Type.Null()]),
  /** Whether its running command has been silent for longer than the hub's `--stuck-after`. */
  suspectedStuck: Type.Boolean(),
  /** Whether its command waits for somebody to answer a question. */
  waitingForApproval: Type.Boolean(),
  /** What is missing where it runs, and the command that mends it. */
  notice: Type.Union([Type.String(), Type.Null()]),
});
export type AgentSummary = Static<typeof AgentSummary>;

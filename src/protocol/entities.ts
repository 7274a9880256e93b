// The entities of docs/data-model.md as they appear in messages and API responses. Dates are Unix milliseconds.
import { type Static, Type } from '@sinclair/typebox';
import { AgentStatus, AgentType } from './agent-status.ts';
import { CommandStatus, Priority, StopReason } from './command-status.ts';
import { CommandError } from './errors.ts';
import { Id, Timestamp, boundedInteger } from './message.ts';
import { Changes, ChangesProblem, Usage } from './report.ts';

/** A viewer has read-only access; an operator can also send commands; an admin can also manage agents. */
export const Role = Type.Union([
  Type.Literal('viewer'),
  Type.Literal('operator'),
  Type.Literal('admin'),
]);
export type Role = Static<typeof Role>;

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** Returns whether `role` includes the permissions of `required`. */
export function hasRole(role: Role, required: Role): boolean {
  return ranks[role] >= ranks[required];
}

export const OutputStream = Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]);
export type OutputStream = Static<typeof OutputStream>;

/** Whether a prompt continues the agent's conversation or starts a new one. */
export const Session = Type.Union([Type.Literal('continue'), Type.Literal('new')]);
export type Session = Static<typeof Session>;

/** The options that a request sets for its command. They are sent to the agent with the command. */
export const CommandOptions = Type.Object({
  session: Session,
  timeoutMs: boundedInteger(1),
});
export type CommandOptions = Static<typeof CommandOptions>;

/** The browser and system information of a dashboard. */
export const ClientInfo = Type.Object({
  userAgent: Type.String({ maxLength: 1024 }),
  timezone: Type.String({ maxLength: 128 }),
});
export type ClientInfo = Static<typeof ClientInfo>;

/** A command from its request to its end (docs/data-model.md, "CommandExecution"). */
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
  exitCode: Type.Union([boundedInteger(Number.MIN_SAFE_INTEGER), Type.Null()]),
  /** The signal that terminated the program, or the last signal sent to it before it exited; null if there was none. */
  signal: Type.Union([Type.String(), Type.Null()]),
  ...CommandOptions.properties,
  error: Type.Union([CommandError, Type.Null()]),
  /** Why the hub stopped it; null if it did not. Set when the hub decides, before the agent has stopped it. */
  stopReason: Type.Union([StopReason, Type.Null()]),
  /** When its agent went offline, if the command ended while the agent was offline; it may have continued to run. */
  disconnectedAt: Type.Union([Timestamp, Type.Null()]),
  /** The comparison it belongs to; null if it belongs to none. */
  comparisonId: Type.Union([Type.String(), Type.Null()]),
  /** The AI program's identifier of the conversation. */
  conversationId: Type.Union([Type.String(), Type.Null()]),
  usage: Type.Union([Usage, Type.Null()]),
  changes: Type.Union([Changes, Type.Null()]),
  /** Who last changed its text while it was queued; null if nobody did. */
  editedBy: Type.Union([Type.String(), Type.Null()]),
  /** Why the changes are not known; null if they are, or the agent has not reported. */
  changesProblem: Type.Union([ChangesProblem, Type.Null()]),
});
export type CommandExecution = Static<typeof CommandExecution>;

/** The child process of a running command, as last reported by its agent. */
export const AgentProcess = Type.Object({
  commandId: Id,
  pid: Type.Integer(),
  alive: Type.Boolean(),
  lastOutputAt: Type.Union([Timestamp, Type.Null()]),
});
export type AgentProcess = Static<typeof AgentProcess>;

/** A pause: the agent receives no queued commands until somebody resumes it. */
export const Pause = Type.Object({
  /** The user who paused it. */
  by: Type.String(),
  at: Timestamp,
  note: Type.Union([Type.String(), Type.Null()]),
});
export type Pause = Static<typeof Pause>;

/** A registered agent, connected or not (docs/data-model.md, "AgentConnection"). */
export const AgentSummary = Type.Object({
  agentId: Type.String(),
  agentType: AgentType,
  /** Set by an admin. Users can be granted the agents with a label. */
  labels: Type.Array(Type.String()),
  status: AgentStatus,
  capabilities: Type.Array(Type.String()),
  /** What its slash commands do, by name, since it last connected. */
  commandDescriptions: Type.Record(Type.String(), Type.String()),
  connectionTime: Type.Union([Timestamp, Type.Null()]),
  lastHeartbeat: Type.Union([Timestamp, Type.Null()]),
  currentCommand: Type.Union([Type.String(), Type.Null()]),
  queueLength: Type.Integer(),
  /** Null while it is connected, and until it has connected for the first time. */
  offlineSince: Type.Union([Timestamp, Type.Null()]),
  /** When output of its current command last arrived. */
  lastOutputAt: Type.Union([Timestamp, Type.Null()]),
  process: Type.Union([AgentProcess, Type.Null()]),
  /** Whether its current command has had no output for longer than `--stuck-after`. */
  suspectedStuck: Type.Boolean(),
  /** Whether its current command has a pending approval request. */
  waitingForApproval: Type.Boolean(),
  /** Why its capabilities are limited, and how to fix that; null if they are not. */
  notice: Type.Union([Type.String(), Type.Null()]),
  /** Null if it is not paused. */
  paused: Type.Union([Pause, Type.Null()]),
});
export type AgentSummary = Static<typeof AgentSummary>;

// What the hub tells dashboards (data-model.md, "Server → Client Messages"; protocol.md, "Hub → dashboard").
import { type Static, Type } from '@sinclair/typebox';
import { AgentStatus } from './agent-status.ts';
import { approvalResponseFields, approvalRequestFields } from './approvals.ts';
import { CommandStatus } from './command-status.ts';
import { OutputStream, Role } from './entities.ts';
import { CommandError, ErrorCode } from './errors.ts';
import { CommandReport } from './report.ts';
import { Id, type MessageOf, message, Sequence, Timestamp } from './message.ts';

/** An agent came, went, began or ended work. */
export const AgentStatusUpdate = message('agent:status', {
  agentId: Id,
  status: AgentStatus,
  timestamp: Timestamp,
});
export type AgentStatusUpdate = Static<typeof AgentStatusUpdate>;

/** A piece of a command's output, at most 10 KB; the sequence counts from 0 without a hole. */
export const TerminalOutput = message('terminal:output', {
  commandId: Id,
  data: Type.String(),
  stream: OutputStream,
  sequence: Sequence,
});
export type TerminalOutput = Static<typeof TerminalOutput>;

/** A command moved on. */
export const CommandStatusUpdate = message('command:status', {
  commandId: Id,
  agentId: Id,
  status: CommandStatus,
  exitCode: Type.Optional(Type.Integer()),
  error: Type.Optional(CommandError),
});
export type CommandStatusUpdate = Static<typeof CommandStatusUpdate>;

/** The connection stands. Followed by one `agent:status` per known agent and one `command:status` per live command. */
export const DashboardWelcome = message('dashboard:welcome', {
  connectionId: Id,
  hubEpoch: Id,
  userId: Id,
  role: Role,
  resumed: Type.Boolean(),
  heartbeatIntervalMs: Type.Integer(),
  /** Which pages this hub serves: one that was loaded from another build should load itself anew. */
  build: Type.Optional(Type.String()),
  limits: Type.Object({
    messageBytes: Type.Integer(),
    chunkBytes: Type.Integer(),
    bufferBytes: Type.Integer(),
    commandBytes: Type.Integer(),
    queueLength: Type.Integer(),
    commandTimeoutMs: Type.Integer(),
    maxCommandTimeoutMs: Type.Integer(),
  }),
});
export type DashboardWelcome = Static<typeof DashboardWelcome>;

/** What is known of a running command's turn by now: its conversation, usage and changes. */
export const CommandReportUpdate = message('command:report', {
  commandId: Id,
  agentId: Id,
  ...CommandReport.properties,
});
export type CommandReportUpdate = Static<typeof CommandReportUpdate>;

/** To the requester: the command is committed. Position 0 is next. */
export const CommandAccepted = message('command:accepted', {
  requestId: Type.Optional(Id),
  commandId: Id,
  agentId: Id,
  position: Type.Integer({ minimum: 0 }),
});
export type CommandAccepted = Static<typeof CommandAccepted>;

export const GapReason = Type.Union([
  Type.Literal('buffer_overflow'),
  Type.Literal('agent_overflow'),
  Type.Literal('expired'),
]);
export type GapReason = Static<typeof GapReason>;

/** Output `[fromSequence, toSequence)` is lost to this dashboard: so many bytes, for this reason. */
export const TerminalGap = message('terminal:gap', {
  commandId: Id,
  fromSequence: Sequence,
  toSequence: Sequence,
  bytes: Type.Integer({ minimum: 0 }),
  reason: GapReason,
});
export type TerminalGap = Static<typeof TerminalGap>;

/** Every 10 seconds. Browsers see no pings; a hub silent for 25 seconds is gone. */
export const HubHeartbeat = message('hub:heartbeat', { timestamp: Timestamp });
export type HubHeartbeat = Static<typeof HubHeartbeat>;

/** All output has been sent. `lastSequence` is -1 where there was none; `totalBytes` counts all that was written, held or not. */
export const TerminalComplete = message('terminal:complete', {
  commandId: Id,
  lastSequence: Type.Integer({ minimum: -1 }),
  totalBytes: Type.Integer({ minimum: 0 }),
});
export type TerminalComplete = Static<typeof TerminalComplete>;

/** An agent asks before it acts. */
export const ApprovalRequest = message('approval:request', {
  ...approvalRequestFields,
  agentId: Id,
  requestedAt: Timestamp,
});
export type ApprovalRequest = Static<typeof ApprovalRequest>;

/** A question was answered, or is moot. */
export const ApprovalResolved = message('approval:resolved', {
  ...approvalResponseFields,
  resolvedBy: Type.Optional(Id),
});
export type ApprovalResolved = Static<typeof ApprovalResolved>;

/** The agent says that its program has the answer. */
export const ApprovalAppliedUpdate = message('approval:applied', { approvalId: Id, commandId: Id });
export type ApprovalAppliedUpdate = Static<typeof ApprovalAppliedUpdate>;

/** Something you sent was refused. */
export const ErrorMessage = message('error', {
  code: ErrorCode,
  message: Type.String(),
  requestId: Type.Optional(Id),
  commandId: Type.Optional(Id),
  agentId: Type.Optional(Id),
});
export type ErrorMessage = Static<typeof ErrorMessage>;

export const hubToDashboard = [
  AgentStatusUpdate,
  TerminalOutput,
  CommandStatusUpdate,
  CommandReportUpdate,
  DashboardWelcome,
  CommandAccepted,
  TerminalGap,
  HubHeartbeat,
  TerminalComplete,
  ApprovalRequest,
  ApprovalResolved,
  ApprovalAppliedUpdate,
  ErrorMessage,
] as const;
export type HubToDashboard = MessageOf<typeof hubToDashboard>;

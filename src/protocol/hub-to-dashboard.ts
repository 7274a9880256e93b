// The messages that the hub sends to dashboards (docs/data-model.md, "Server → client messages"; docs/protocol.md,
// "Hub → dashboard").
import { type Static, Type } from '@sinclair/typebox';
import { AgentStatus } from './agent-status.ts';
import { approvalRequestFields, approvalResponseFields, DetailBytes } from './approvals.ts';
import { CommandStatus } from './command-status.ts';
import { OutputStream, Role } from './entities.ts';
import { CommandError, ErrorCode } from './errors.ts';
import { Id, message, type MessageOf, Sequence, Timestamp, boundedInteger } from './message.ts';
import { CommandReport } from './report.ts';
import { TerminalCells } from './terminal-size.ts';

/** The status of an agent has changed. */
export const AgentStatusUpdate = message('agent:status', {
  agentId: Id,
  status: AgentStatus,
  timestamp: Timestamp,
});
export type AgentStatusUpdate = Static<typeof AgentStatusUpdate>;

/**
 * Something other than the status of an agent has changed: capabilities, notice, or whether it is waiting for approval.
 */
export const AgentUpdated = message('agent:updated', { agentId: Id });
export type AgentUpdated = Static<typeof AgentUpdated>;

/** The agent was removed. */
export const AgentRemoved = message('agent:removed', { agentId: Id });
export type AgentRemoved = Static<typeof AgentRemoved>;

/**
 * A chunk of output of at most 10 KB. The sequences of a command are consecutive, from 0. `timestamp`: when the hub received
 * it; only in the output that the HTTP API returns.
 */
export const TerminalOutput = message('terminal:output', {
  commandId: Id,
  data: Type.String(),
  stream: OutputStream,
  sequence: Sequence,
  timestamp: Type.Optional(Timestamp),
});
export type TerminalOutput = Static<typeof TerminalOutput>;

/** The status of a command has changed. */
export const CommandStatusUpdate = message('command:status', {
  commandId: Id,
  agentId: Id,
  status: CommandStatus,
  exitCode: Type.Optional(Type.Integer()),
  error: Type.Optional(CommandError),
});
export type CommandStatusUpdate = Static<typeof CommandStatusUpdate>;

/**
 * The dashboard is connected. One `agent:status` for each known agent and one `command:status` for each queued or
 * running command follow.
 */
export const DashboardWelcome = message('dashboard:welcome', {
  connectionId: Id,
  hubEpoch: Id,
  userId: Id,
  role: Role,
  resumed: Type.Boolean(),
  /** Whether terminals continue although the connection is new: this hub checks their epochs. */
  keepsTerminals: Type.Optional(Type.Boolean()),
  heartbeatIntervalMs: Type.Integer(),
  /** The build of the pages this hub serves. A page from another build should reload. */
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

/** The report of a running command so far. */
export const CommandReportUpdate = message('command:report', {
  commandId: Id,
  agentId: Id,
  ...CommandReport.properties,
});
export type CommandReportUpdate = Static<typeof CommandReportUpdate>;

/** The turn of a command has changed. Pages fetch what changed as HTML. */
export const TurnUpdated = message('turn:updated', { commandId: Id, agentId: Id });
export type TurnUpdated = Static<typeof TurnUpdated>;

/** The command is committed; sent to its requester only. Position 0 runs next. */
export const CommandAccepted = message('command:accepted', {
  requestId: Type.Optional(Id),
  commandId: Id,
  agentId: Id,
  position: boundedInteger(0),
});
export type CommandAccepted = Static<typeof CommandAccepted>;

export const GapReason = Type.Union([
  Type.Literal('buffer_overflow'),
  Type.Literal('agent_overflow'),
  Type.Literal('expired'),
  Type.Literal('skipped'),
]);
export type GapReason = Static<typeof GapReason>;

/** Output from `fromSequence` up to `toSequence`, exclusive, is not available: `bytes` in total, or 0 if unknown. */
export const TerminalGap = message('terminal:gap', {
  commandId: Id,
  fromSequence: Sequence,
  toSequence: Sequence,
  bytes: boundedInteger(0),
  reason: GapReason,
});
export type TerminalGap = Static<typeof TerminalGap>;

/** What was received of the output of a command is void. It is sent again as if the dashboard had just attached. */
export const TerminalReset = message('terminal:reset', { commandId: Id });
export type TerminalReset = Static<typeof TerminalReset>;

/** What was received of the output of a command, and what follows, belongs to this epoch. */
export const TerminalEpoch = message('terminal:epoch', {
  commandId: Id,
  epoch: boundedInteger(0),
});
export type TerminalEpoch = Static<typeof TerminalEpoch>;

/** Sent every 10 s, because browsers hide pings. A dashboard reconnects after 25 s without a message. */
export const HubHeartbeat = message('hub:heartbeat', { timestamp: Timestamp });
export type HubHeartbeat = Static<typeof HubHeartbeat>;

/**
 * All output has been sent. `lastSequence` is -1 if there was none; `totalBytes` counts everything the program wrote,
 * dropped output included.
 */
export const TerminalComplete = message('terminal:complete', {
  commandId: Id,
  lastSequence: boundedInteger(-1),
  totalBytes: boundedInteger(0),
});
export type TerminalComplete = Static<typeof TerminalComplete>;

/**
 * The size of a command's interactive terminal, and whose window it follows: `owner` is a username, null if it is nobody's.
 * Output before `nextSequence` was written before this message: a terminal that answers queries of the program must not
 * answer those in it.
 */
export const TerminalSize = message('terminal:size', {
  commandId: Id,
  cols: TerminalCells,
  rows: TerminalCells,
  owner: Type.Union([Id, Type.Null()]),
  isOwner: Type.Boolean(),
  nextSequence: Sequence,
});
export type TerminalSize = Static<typeof TerminalSize>;

/** The keystrokes with this `inputId` were passed to the agent; sent to their sender only. */
export const InputAccepted = message('input:accepted', {
  commandId: Id,
  inputId: boundedInteger(0),
});
export type InputAccepted = Static<typeof InputAccepted>;

/** An agent requests approval before it acts. */
export const ApprovalRequest = message('approval:request', {
  ...approvalRequestFields,
  detailBytes: Type.Optional(DetailBytes),
  agentId: Id,
  requestedAt: Timestamp,
});
export type ApprovalRequest = Static<typeof ApprovalRequest>;

/** An approval request received a response or was cancelled. */
export const ApprovalResolved = message('approval:resolved', {
  ...approvalResponseFields,
  resolvedBy: Type.Optional(Id),
});
export type ApprovalResolved = Static<typeof ApprovalResolved>;

/** The agent's AI program has received the response. */
export const ApprovalAppliedUpdate = message('approval:applied', { approvalId: Id, commandId: Id });
export type ApprovalAppliedUpdate = Static<typeof ApprovalAppliedUpdate>;

/** The hub rejected a message. The IDs identify the message, if they could be read. */
export const ErrorMessage = message('error', {
  code: ErrorCode,
  message: Type.String(),
  requestId: Type.Optional(Id),
  commandId: Type.Optional(Id),
  agentId: Type.Optional(Id),
  approvalId: Type.Optional(Id),
});
export type ErrorMessage = Static<typeof ErrorMessage>;

export const hubToDashboard = [
  AgentStatusUpdate,
  AgentUpdated,
  AgentRemoved,
  TerminalOutput,
  CommandStatusUpdate,
  CommandReportUpdate,
  TurnUpdated,
  DashboardWelcome,
  CommandAccepted,
  TerminalGap,
  TerminalReset,
  TerminalEpoch,
  HubHeartbeat,
  TerminalComplete,
  TerminalSize,
  InputAccepted,
  ApprovalRequest,
  ApprovalResolved,
  ApprovalAppliedUpdate,
  ErrorMessage,
] as const;
export type HubToDashboard = MessageOf<typeof hubToDashboard>;

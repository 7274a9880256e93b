// The messages that agents send (docs/protocol.md, "Agent → hub").
import { type Static, Type } from '@sinclair/typebox';
import { AgentType } from './agent-status.ts';
import { approvalRequestFields } from './approvals.ts';
import { FileChanges } from './changes.ts';
import { AgentProcess, OutputStream } from './entities.ts';
import { CommandError } from './errors.ts';
import {
  CAPABILITY_LENGTH,
  DESCRIPTION_LENGTH,
  FILE_PATH_LENGTH,
  MAX_CAPABILITIES,
  MAX_LISTED_FILES,
  NOTICE_LENGTH,
  RUNNER_NAME_LENGTH,
  TURN_PART_BYTES,
} from './limits.ts';
import {
  AcceptedTypes,
  boundedInteger,
  Id,
  message,
  type MessageOf,
  Sequence,
  Timestamp,
} from './message.ts';
import { CommandReport } from './report.ts';
import { TurnPart } from './turn.ts';

/**
 * A command that is running, or that has ended and is not acknowledged yet.
 * The agent still has its output from `firstSequence` up to `nextSequence`, exclusive.
 */
export const HeldCommand = Type.Object({
  commandId: Id,
  attempt: boundedInteger(1),
  firstSequence: Sequence,
  nextSequence: Sequence,
  lostBytes: boundedInteger(0),
  finished: Type.Boolean(),
});
export type HeldCommand = Static<typeof HeldCommand>;

const Capabilities = Type.Array(Type.String({ minLength: 1, maxLength: CAPABILITY_LENGTH }), {
  maxItems: MAX_CAPABILITIES,
});

/** What slash commands do, by name. Shown to users. */
const Descriptions = Type.Record(Type.String(), Type.String({ maxLength: DESCRIPTION_LENGTH }), {
  maxProperties: MAX_CAPABILITIES,
});

/** Why the agent's capabilities are limited, and how to fix that. Shown to users. */
const Notice = Type.String({ maxLength: NOTICE_LENGTH });

/** The first message: identifies the agent and lists the commands it still holds. */
export const AgentConnect = message('agent:connect', {
  agentId: Id,
  agentType: AgentType,
  token: Type.String({ maxLength: 8192 }),
  capabilities: Capabilities,
  instanceId: Id,
  runner: Type.Optional(
    Type.Object({
      name: Type.String({ maxLength: RUNNER_NAME_LENGTH }),
      version: Type.String({ maxLength: 128 }),
      host: Type.String({ maxLength: 256 }),
    }),
  ),
  journalId: Type.Optional(Id),
  descriptions: Type.Optional(Descriptions),
  notice: Type.Optional(Notice),
  accept: Type.Optional(AcceptedTypes),
  held: Type.Optional(Type.Array(HeldCommand, { maxItems: 1000 })),
});
export type AgentConnect = Static<typeof AgentConnect>;

/** The capabilities or the notice have changed. Without `notice` there is none. */
export const AgentCapabilities = message('agent:capabilities', {
  capabilities: Capabilities,
  descriptions: Type.Optional(Descriptions),
  notice: Type.Optional(Notice),
});
export type AgentCapabilities = Static<typeof AgentCapabilities>;

/** The agent is alive; `process` is the state of its child process. */
export const AgentHeartbeat = message('agent:heartbeat', {
  timestamp: Timestamp,
  process: Type.Optional(AgentProcess),
});
export type AgentHeartbeat = Static<typeof AgentHeartbeat>;

/** The start is in the agent's journal; the process starts next. */
export const CommandStarted = message('command:started', { commandId: Id });
export type CommandStarted = Static<typeof CommandStarted>;

/** A chunk of output. `sequence` is the agent's own: per command, from 0. */
export const AgentOutput = message('terminal:output', {
  commandId: Id,
  data: Type.String(),
  stream: OutputStream,
  sequence: Sequence,
});
export type AgentOutput = Static<typeof AgentOutput>;

/** The agent dropped `bytes` of output between what the hub has acknowledged and `nextSequence`. */
export const AgentGap = message('terminal:gap', {
  commandId: Id,
  nextSequence: Sequence,
  bytes: boundedInteger(0),
});
export type AgentGap = Static<typeof AgentGap>;

/** The report of a running command so far. */
export const AgentReport = message('command:report', {
  commandId: Id,
  ...CommandReport.properties,
});
export type AgentReport = Static<typeof AgentReport>;

/**
 * A part of the turn is new or has changed: `content` replaces it, then `append` is added to its text. Without both, the
 * agent leaves out the rest of the turn. `sequence` counts the updates of a command, from 0.
 */
export const TurnUpdate = message('turn:update', {
  commandId: Id,
  sequence: Sequence,
  part: boundedInteger(0),
  content: Type.Optional(TurnPart),
  append: Type.Optional(Type.String({ maxLength: TURN_PART_BYTES })),
});
export type TurnUpdate = Static<typeof TurnUpdate>;

/** The command has ended. `lastSequence` is the sequence of its last output, or -1 if it had none. */
export const CommandFinished = message('command:finished', {
  commandId: Id,
  outcome: Type.Union([
    Type.Literal('completed'),
    Type.Literal('failed'),
    Type.Literal('interrupted'),
  ]),
  exitCode: Type.Union([boundedInteger(Number.MIN_SAFE_INTEGER), Type.Null()]),
  signal: Type.Optional(Type.String({ maxLength: 32 })),
  lastSequence: boundedInteger(-1),
  error: Type.Optional(CommandError),
  report: Type.Optional(CommandReport),
  /** The number of its turn updates. */
  turnUpdates: Type.Optional(Sequence),
});
export type CommandFinished = Static<typeof CommandFinished>;

/** The files that a command has changed. Sent before `command:finished`, and stored before that is acknowledged. */
export const CommandFileChanges = message('command:changes', {
  commandId: Id,
  ...FileChanges.properties,
});
export type CommandFileChanges = Static<typeof CommandFileChanges>;

/** The answer to `changes:revert`. `error`: why the file was not reverted, for the user. */
export const ChangesReverted = message('changes:reverted', {
  requestId: Id,
  error: Type.Optional(Type.String({ maxLength: NOTICE_LENGTH })),
});
export type ChangesReverted = Static<typeof ChangesReverted>;

/** The AI program requests approval before it acts. */
export const AgentApprovalRequest = message('approval:request', approvalRequestFields);
export type AgentApprovalRequest = Static<typeof AgentApprovalRequest>;

/** The AI program has received the response. */
export const ApprovalApplied = message('approval:applied', { approvalId: Id });
export type ApprovalApplied = Static<typeof ApprovalApplied>;

/** The files that match, the best match first. Paths are relative to the agent's folder. */
export const FilesListed = message('files:listed', {
  requestId: Id,
  files: Type.Array(Type.String({ minLength: 1, maxLength: FILE_PATH_LENGTH }), {
    maxItems: MAX_LISTED_FILES,
  }),
  /** Whether the folder has more files than the agent searched. */
  isTruncated: Type.Boolean(),
});
export type FilesListed = Static<typeof FilesListed>;

export const agentToHub = [
  AgentConnect,
  AgentCapabilities,
  AgentHeartbeat,
  CommandStarted,
  AgentOutput,
  AgentGap,
  AgentReport,
  TurnUpdate,
  CommandFileChanges,
  CommandFinished,
  ChangesReverted,
  AgentApprovalRequest,
  ApprovalApplied,
  FilesListed,
] as const;
export type AgentToHub = MessageOf<typeof agentToHub>;

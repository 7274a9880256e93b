// What an agent says (protocol.md, "Agent → hub").
import { type Static, Type } from '@sinclair/typebox';
import { AgentType } from './agent-status.ts';
import { approvalRequestFields } from './approvals.ts';
import { AgentProcess, OutputStream } from './entities.ts';
import { CommandError } from './errors.ts';
import { CommandReport } from './report.ts';
import { Id, type MessageOf, message, Sequence, Timestamp } from './message.ts';

/** A command that runs, or ended and is not acknowledged. The agent holds its output `[firstSequence, nextSequence)`. */
export const HeldCommand = Type.Object({
  commandId: Id,
  attempt: Type.Integer({ minimum: 1 }),
  firstSequence: Sequence,
  nextSequence: Sequence,
  lostBytes: Type.Integer({ minimum: 0 }),
  finished: Type.Boolean(),
});
export type HeldCommand = Static<typeof HeldCommand>;

const Capabilities = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 1000 });

/** What is missing for the agent to do more, and the command that mends it: for people. */
const Notice = Type.String({ maxLength: 2048 });

/** The first message: who is there, and what it still holds. */
export const AgentConnect = message('agent:connect', {
  agentId: Id,
  agentType: AgentType,
  token: Type.String({ maxLength: 8192 }),
  capabilities: Capabilities,
  instanceId: Id,
  runner: Type.Optional(
    Type.Object({
      name: Type.String({ maxLength: 128 }),
      version: Type.String({ maxLength: 128 }),
      host: Type.String({ maxLength: 256 }),
    }),
  ),
  journalId: Type.Optional(Id),
  notice: Type.Optional(Notice),
  held: Type.Optional(Type.Array(HeldCommand, { maxItems: 1000 })),
});
export type AgentConnect = Static<typeof AgentConnect>;

/** What the agent can run has changed, or what it misses: without a `notice`, nothing. */
export const AgentCapabilities = message('agent:capabilities', {
  capabilities: Capabilities,
  notice: Type.Optional(Notice),
});
export type AgentCapabilities = Static<typeof AgentCapabilities>;

/** The agent is alive, and this is how its child does. */
export const AgentHeartbeat = message('agent:heartbeat', {
  timestamp: Timestamp,
  process: Type.Optional(AgentProcess),
});
export type AgentHeartbeat = Static<typeof AgentHeartbeat>;

/** The journal says so: the process is about to start. */
export const CommandStarted = message('command:started', { commandId: Id });
export type CommandStarted = Static<typeof CommandStarted>;

/** Output; the sequence is the agent's own, from 0, per command. */
export const AgentOutput = message('terminal:output', {
  commandId: Id,
  data: Type.String(),
  stream: OutputStream,
  sequence: Sequence,
});
export type AgentOutput = Static<typeof AgentOutput>;

/** So many bytes before `nextSequence` had to be dropped, counted from what the hub has. */
export const AgentGap = message('terminal:gap', {
  commandId: Id,
  nextSequence: Sequence,
  bytes: Type.Integer({ minimum: 0 }),
});
export type AgentGap = Static<typeof AgentGap>;

/** What is known of the running command's turn by now. */
export const AgentReport = message('command:report', {
  commandId: Id,
  ...CommandReport.properties,
});
export type AgentReport = Static<typeof AgentReport>;

/** The command is over. `lastSequence` is that of its last output, -1 where there was none. */
export const CommandFinished = message('command:finished', {
  commandId: Id,
  outcome: Type.Union([
    Type.Literal('completed'),
    Type.Literal('failed'),
    Type.Literal('interrupted'),
  ]),
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  signal: Type.Optional(Type.String({ maxLength: 32 })),
  lastSequence: Type.Integer({ minimum: -1 }),
  error: Type.Optional(CommandError),
  report: Type.Optional(CommandReport),
});
export type CommandFinished = Static<typeof CommandFinished>;

/** The program asks before it acts. */
export const AgentApprovalRequest = message('approval:request', approvalRequestFields);
export type AgentApprovalRequest = Static<typeof AgentApprovalRequest>;

/** The program has the answer. */
export const ApprovalApplied = message('approval:applied', { approvalId: Id });
export type ApprovalApplied = Static<typeof ApprovalApplied>;

export const agentToHub = [
  AgentConnect,
  AgentCapabilities,
  AgentHeartbeat,
  CommandStarted,
  AgentOutput,
  AgentGap,
  AgentReport,
  CommandFinished,
  AgentApprovalRequest,
  ApprovalApplied,
] as const;
export type AgentToHub = MessageOf<typeof agentToHub>;

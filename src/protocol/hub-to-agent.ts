// What the hub tells an agent (protocol.md, "Hub → agent").
import { type Static, Type } from '@sinclair/typebox';
import { approvalResponseFields } from './approvals.ts';
import { CommandInput, TerminalResize } from './dashboard-to-hub.ts';
import { Session } from './entities.ts';
import { ErrorMessage } from './hub-to-dashboard.ts';
import { Id, type MessageOf, message, Sequence } from './message.ts';

/** The connection stands. `resume`: send output from there on. `stop`: end the process, and forget it once acknowledged. */
export const AgentWelcome = message('agent:welcome', {
  agentId: Id,
  heartbeatIntervalMs: Type.Integer({ minimum: 1 }),
  resume: Type.Array(Type.Object({ commandId: Id, nextSequence: Sequence })),
  stop: Type.Array(Id),
});
export type AgentWelcome = Static<typeof AgentWelcome>;

/** Run this, once per attempt. */
export const CommandExecute = message('command:execute', {
  commandId: Id,
  attempt: Type.Integer({ minimum: 1 }),
  command: Type.String(),
  session: Session,
  timeoutMs: Type.Integer({ minimum: 1 }),
});
export type CommandExecute = Static<typeof CommandExecute>;

/** Stop it, harder and harder. */
export const AgentInterrupt = message('command:interrupt', {
  commandId: Id,
  reason: Type.Union([Type.Literal('user'), Type.Literal('timeout')]),
});
export type AgentInterrupt = Static<typeof AgentInterrupt>;

/** Everything before `nextSequence` is committed; the agent may drop it. */
export const OutputAck = message('output:ack', { commandId: Id, nextSequence: Sequence });
export type OutputAck = Static<typeof OutputAck>;

/** The result is committed; the agent may forget the command. */
export const CommandAcknowledged = message('command:acknowledged', { commandId: Id });
export type CommandAcknowledged = Static<typeof CommandAcknowledged>;

/** While the hub cannot write, nothing is acknowledged: an agent that is full drops the oldest it has sent, and goes on. */
export const HubStorage = message('hub:storage', { failing: Type.Boolean() });
export type HubStorage = Static<typeof HubStorage>;

/** The answer to a question the agent asked. */
export const AgentApprovalResolved = message('approval:resolved', approvalResponseFields);
export type AgentApprovalResolved = Static<typeof AgentApprovalResolved>;

export const hubToAgent = [
  AgentWelcome,
  CommandExecute,
  AgentInterrupt,
  OutputAck,
  CommandAcknowledged,
  HubStorage,
  AgentApprovalResolved,
  CommandInput,
  TerminalResize,
  ErrorMessage,
] as const;
export type HubToAgent = MessageOf<typeof hubToAgent>;

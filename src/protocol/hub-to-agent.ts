// The messages that the hub sends to agents (docs/protocol.md, "Hub → agent").
import { type Static, Type } from '@sinclair/typebox';
import { approvalResponseFields } from './approvals.ts';
import { revertFields } from './changes.ts';
import { CommandInput, TerminalResize } from './dashboard-to-hub.ts';
import { CommandOptions } from './entities.ts';
import { ErrorMessage } from './hub-to-dashboard.ts';
import { FILE_QUERY_LENGTH, MAX_LISTED_FILES } from './limits.ts';
import { AcceptedTypes, boundedInteger, Id, message, type MessageOf, Sequence } from './message.ts';

/**
 * The agent is connected. `resume`: resend the output of these commands, starting at these sequences. `stop`: end these
 * commands, and delete them once they are acknowledged. `accept`: later additions to the protocol that the hub accepts.
 */
export const AgentWelcome = message('agent:welcome', {
  agentId: Id,
  heartbeatIntervalMs: boundedInteger(1),
  resume: Type.Array(
    Type.Object({
      commandId: Id,
      nextSequence: Sequence,
      /** Resend turn updates, starting at this sequence. */
      nextTurnSequence: Type.Optional(Sequence),
    }),
  ),
  stop: Type.Array(Id),
  accept: Type.Optional(AcceptedTypes),
});
export type AgentWelcome = Static<typeof AgentWelcome>;

/** Run a command. An agent runs each attempt at most once. */
export const CommandExecute = message('command:execute', {
  commandId: Id,
  attempt: boundedInteger(1),
  command: Type.String(),
  ...CommandOptions.properties,
});
export type CommandExecute = Static<typeof CommandExecute>;

/** Stop a command, escalating the signals until it ends. */
export const AgentInterrupt = message('command:interrupt', {
  commandId: Id,
  reason: Type.Union([Type.Literal('user'), Type.Literal('timeout')]),
});
export type AgentInterrupt = Static<typeof AgentInterrupt>;

/** Output before `nextSequence` is committed; the agent may delete it. */
export const OutputAck = message('output:ack', { commandId: Id, nextSequence: Sequence });
export type OutputAck = Static<typeof OutputAck>;

/** Turn updates before `nextSequence` are committed; the agent may delete them. */
export const TurnAck = message('turn:ack', { commandId: Id, nextSequence: Sequence });
export type TurnAck = Static<typeof TurnAck>;

/** The result is committed; the agent may delete the command. */
export const CommandAcknowledged = message('command:acknowledged', { commandId: Id });
export type CommandAcknowledged = Static<typeof CommandAcknowledged>;

/**
 * The hub cannot write, or can write again. While it cannot, nothing is acknowledged, and an agent with a full buffer
 * drops its oldest output instead of blocking the program.
 */
export const HubStorage = message('hub:storage', { failing: Type.Boolean() });
export type HubStorage = Static<typeof HubStorage>;

/** The response to an approval request. */
export const AgentApprovalResolved = message('approval:resolved', approvalResponseFields);
export type AgentApprovalResolved = Static<typeof AgentApprovalResolved>;

/** List files of the agent's folder whose paths match. Sent only to agents with the capability `files`. */
export const FilesList = message('files:list', {
  requestId: Id,
  query: Type.String({ maxLength: FILE_QUERY_LENGTH }),
  limit: Type.Integer({ minimum: 1, maximum: MAX_LISTED_FILES }),
});
export type FilesList = Static<typeof FilesList>;

/** Keystrokes for the running command. */
export const AgentInput = Type.Omit(CommandInput, ['inputId']);
export type AgentInput = Static<typeof AgentInput>;

/** A new size for the terminal of the running command. */
export const AgentResize = Type.Omit(TerminalResize, ['takeOver']);
export type AgentResize = Static<typeof AgentResize>;

/** Restore a file as it was before a command. */
export const ChangesRevert = message('changes:revert', revertFields);
export type ChangesRevert = Static<typeof ChangesRevert>;

export const hubToAgent = [
  AgentWelcome,
  CommandExecute,
  AgentInterrupt,
  OutputAck,
  TurnAck,
  CommandAcknowledged,
  HubStorage,
  AgentApprovalResolved,
  FilesList,
  AgentInput,
  AgentResize,
  ChangesRevert,
  ErrorMessage,
] as const;
export type HubToAgent = MessageOf<typeof hubToAgent>;

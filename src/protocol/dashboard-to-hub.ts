// The messages that dashboards send (docs/data-model.md, "Client → server messages"; docs/protocol.md, "Dashboard → hub").
import { type Static, Type } from '@sinclair/typebox';
import { Priority } from './command-status.ts';
import { ClientInfo, CommandOptions } from './entities.ts';
import { BUFFER_BYTES, PAUSE_NOTE_LENGTH } from './limits.ts';
import { Id, message, type MessageOf, boundedInteger } from './message.ts';
import { TerminalCells } from './terminal-size.ts';

/** How much of the end of a terminal is replayed at most. */
const TailBytes = Type.Integer({ minimum: 0, maximum: BUFFER_BYTES });

/** The output epoch that the hub named last for a terminal, so that another hub knows whether its sequences still hold. */
const OutputEpoch = Type.Optional(boundedInteger(0));

/** The last sequence a dashboard has received of a terminal; -1 if it has received none. */
const TerminalPosition = Type.Object({
  commandId: Id,
  afterSequence: boundedInteger(-1),
  epoch: OutputEpoch,
  tailBytes: Type.Optional(TailBytes),
});

/** The item of `accept` of a dashboard that handles `terminal:reset` and `terminal:epoch`. */
export const ACCEPTS_RESET = 'terminal:reset';

/** The first message: authenticates the dashboard. `resume` continues an earlier connection. */
export const DashboardConnect = message('dashboard:connect', {
  token: Type.String({ maxLength: 8192 }),
  clientInfo: ClientInfo,
  resume: Type.Optional(
    Type.Object({
      connectionId: Id,
      hubEpoch: Id,
      terminals: Type.Array(TerminalPosition, { maxItems: 1000 }),
    }),
  ),
  terminals: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('attached')])),
  accept: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 8 })),
});
export type DashboardConnect = Static<typeof DashboardConnect>;

/** Queue a command. `requestId` is an idempotency key, valid for 24 hours. */
export const CommandRequest = message('command:request', {
  agentId: Id,
  command: Type.String(),
  priority: Priority,
  requestId: Type.Optional(Id),
  /** What to do if the agent is offline: reject the command (`refuse`, the default), or queue it. */
  ifOffline: Type.Optional(Type.Union([Type.Literal('refuse'), Type.Literal('queue')])),
  ...Type.Partial(CommandOptions).properties,
});
export type CommandRequest = Static<typeof CommandRequest>;

/** Interrupt a running command, or cancel a queued one. */
export const CommandInterrupt = message('command:interrupt', { commandId: Id });
export type CommandInterrupt = Static<typeof CommandInterrupt>;

/** Change a command in the queue: its text, its priority, or its place among the commands of the same priority. */
export const CommandChange = message('command:change', {
  commandId: Id,
  command: Type.Optional(Type.String()),
  priority: Type.Optional(Priority),
  /** The queued command that follows it, which has the same priority. Null: the last place of its priority. */
  before: Type.Optional(Type.Union([Id, Type.Null()])),
});
export type CommandChange = Static<typeof CommandChange>;

/** Cancel a command in the queue. It ends 10 s later, unless `command:restore` arrives before. */
export const CommandCancel = message('command:cancel', { commandId: Id });
export type CommandCancel = Static<typeof CommandCancel>;

/** Undo `command:cancel`. */
export const CommandRestore = message('command:restore', { commandId: Id });
export type CommandRestore = Static<typeof CommandRestore>;

/** Send an agent no queued commands until `agent:resume`. */
export const AgentPause = message('agent:pause', {
  agentId: Id,
  note: Type.Optional(Type.String({ maxLength: PAUSE_NOTE_LENGTH })),
});
export type AgentPause = Static<typeof AgentPause>;

/** Send queued commands to a paused agent again. */
export const AgentResume = message('agent:resume', { agentId: Id });
export type AgentResume = Static<typeof AgentResume>;

/**
 * Replay a terminal after a sequence (default -1: from the start), then continue with live output. `afterBytes` begins with
 * the chunk that contains this byte, which is the same in every epoch; `tailBytes` begins about as many bytes before the end
 * at the earliest. What they leave out is a gap with the reason `skipped`. With an `epoch`, the hub checks whether what was
 * received up to `afterSequence` still holds, and sends `terminal:reset` if it does not.
 */
export const TerminalAttach = message('terminal:attach', {
  commandId: Id,
  afterSequence: Type.Optional(boundedInteger(-1)),
  epoch: OutputEpoch,
  afterBytes: Type.Optional(boundedInteger(0)),
  tailBytes: Type.Optional(TailBytes),
});
export type TerminalAttach = Static<typeof TerminalAttach>;

/** Stop receiving the output of a terminal. */
export const TerminalDetach = message('terminal:detach', { commandId: Id });
export type TerminalDetach = Static<typeof TerminalDetach>;

/** Respond to an approval request. */
export const ApprovalRespond = message('approval:respond', { approvalId: Id, optionId: Id });
export type ApprovalRespond = Static<typeof ApprovalRespond>;

/** Keystrokes for a command that runs on a pty. With an `inputId`, the hub answers with `input:accepted`. */
export const CommandInput = message('command:input', {
  commandId: Id,
  data: Type.String(),
  inputId: Type.Optional(boundedInteger(0)),
});
export type CommandInput = Static<typeof CommandInput>;

/**
 * The size of the viewer's terminal, in characters. The sender becomes the owner of the size. With `takeOver: false`, only
 * if the terminal has no other owner.
 */
export const TerminalResize = message('terminal:resize', {
  commandId: Id,
  cols: TerminalCells,
  rows: TerminalCells,
  takeOver: Type.Optional(Type.Boolean()),
});
export type TerminalResize = Static<typeof TerminalResize>;

export const dashboardToHub = [
  DashboardConnect,
  CommandRequest,
  CommandInterrupt,
  CommandChange,
  CommandCancel,
  CommandRestore,
  AgentPause,
  AgentResume,
  TerminalAttach,
  TerminalDetach,
  ApprovalRespond,
  CommandInput,
  TerminalResize,
] as const;
export type DashboardToHub = MessageOf<typeof dashboardToHub>;

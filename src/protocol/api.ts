// The bodies of the HTTP API (docs/protocol.md, "HTTP API"). Pages, the command line and scripts use the same API.
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { AgentType } from './agent-status.ts';
import { FileChange, FilePath } from './changes.ts';
import { CommandStatus } from './command-status.ts';
import { AgentPause, CommandChange, CommandRequest } from './dashboard-to-hub.ts';
import { AgentSummary, CommandExecution, Role } from './entities.ts';
import { ErrorCode } from './errors.ts';
import { Labels } from './grants.ts';
import { CODE_LENGTH, FILE_QUERY_LENGTH, PASSWORD_MAX_LENGTH, USERNAME_LENGTH } from './limits.ts';
import { Id, Timestamp } from './message.ts';
import { Count } from './report.ts';

export const SessionBody = Type.Object({
  username: Type.String({ minLength: 1, maxLength: USERNAME_LENGTH }),
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH }),
  /** A code of the authenticator app, or a recovery code. */
  code: Type.Optional(Type.String({ minLength: 1, maxLength: CODE_LENGTH })),
});
export type SessionBody = Static<typeof SessionBody>;

export const SessionResponse = Type.Object({
  token: Type.String(),
  expiresAt: Timestamp,
  userId: Type.String(),
  role: Role,
});
export type SessionResponse = Static<typeof SessionResponse>;

/** A session of a signed-in user. */
export const SessionSummary = Type.Object({
  id: Type.String(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  /** When it was last used, to about a minute. */
  lastSeenAt: Timestamp,
  /** The IP address that signed in. */
  address: Type.Union([Type.String(), Type.Null()]),
  userAgent: Type.Union([Type.String(), Type.Null()]),
  /** Whether it is the session of this request. */
  isCurrent: Type.Boolean(),
});
export type SessionSummary = Static<typeof SessionSummary>;

/** An agentId appears in URLs, file names and shell commands, so its characters are limited. */
export const AgentRegistration = Type.Object({
  agentId: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
  agentType: AgentType,
  labels: Type.Optional(Labels),
});
export type AgentRegistration = Static<typeof AgentRegistration>;

/** The body of `PATCH /api/v1/agents/:agentId`. */
export const AgentChanges = Type.Object({ labels: Labels }, { additionalProperties: false });
export type AgentChanges = Static<typeof AgentChanges>;

/** The only response that contains the agent's token. */
export const RegisteredAgent = Type.Object({
  agentId: Type.String(),
  agentType: AgentType,
  token: Type.String(),
});
export type RegisteredAgent = Static<typeof RegisteredAgent>;

/** The body of `POST /api/v1/commands`: a `command:request` without type and version, and with an optional priority. */
export const CommandBody = Type.Object({
  ...Type.Omit(CommandRequest, ['type', 'version', 'priority']).properties,
  priority: Type.Optional(CommandRequest.properties.priority),
});
export type CommandBody = Static<typeof CommandBody>;

/** A committed command. Position 0 runs next. */
export const AcceptedCommand = Type.Object({
  commandId: Type.String(),
  agentId: Type.String(),
  position: Type.Integer(),
});
export type AcceptedCommand = Static<typeof AcceptedCommand>;

/** The body of `PATCH /api/v1/commands/:id`: a `command:change` without type, version and ID. */
export const CommandChanges = Type.Omit(CommandChange, ['type', 'version', 'commandId'], {
  additionalProperties: false,
});
export type CommandChanges = Static<typeof CommandChanges>;

/** A cancelled command, which can be restored until then. */
export const CancelledCommand = Type.Object({ commandId: Type.String(), undoUntil: Timestamp });
export type CancelledCommand = Static<typeof CancelledCommand>;

/** The body of `PUT /api/v1/agents/:agentId/pause`. */
export const PauseBody = Type.Pick(AgentPause, ['note']);
export type PauseBody = Static<typeof PauseBody>;

/** The search of `GET /api/v1/agents/:agentId/files`. */
export const FileQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: FILE_QUERY_LENGTH })),
});
export type FileQuery = Static<typeof FileQuery>;

/** Files of an agent's folder that match a search. */
export const FileMatches = Type.Object({
  /** Relative to the agent's folder, the best match first. */
  items: Type.Array(Type.String()),
  /** Whether the folder has more files than the agent searched. */
  isTruncated: Type.Boolean(),
});
export type FileMatches = Static<typeof FileMatches>;

/** The body of `POST /api/v1/comparisons`: the same command for several agents. */
export const ComparisonBody = Type.Object({
  ...Type.Omit(CommandBody, ['agentId', 'requestId']).properties,
  agentIds: Type.Array(Id, { minItems: 1, maxItems: 10, uniqueItems: true }),
  /** A UUID chosen by the client, as an idempotency key. */
  comparisonId: Type.Optional(
    Type.String({ pattern: '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' }),
  ),
});
export type ComparisonBody = Static<typeof ComparisonBody>;

export const AcceptedComparison = Type.Object({
  comparisonId: Type.String(),
  /** In the order of `agentIds`. */
  commands: Type.Array(AcceptedCommand),
});
export type AcceptedComparison = Static<typeof AcceptedComparison>;

/** The filters of `GET /api/v1/commands`. */
export const CommandQuery = Type.Object({
  agentId: Type.Optional(Type.String()),
  status: Type.Optional(CommandStatus),
  /** Text that the command contains. */
  q: Type.Optional(Type.String({ maxLength: 256 })),
  comparisonId: Type.Optional(Type.String({ maxLength: 128 })),
  /** If true, only commands of comparisons. */
  compared: Type.Optional(Type.Boolean()),
  conversationId: Type.Optional(Type.String({ maxLength: 256 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  /** The `nextCursor` of the previous page. */
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
});
export type CommandQuery = Static<typeof CommandQuery>;

/** The body of `POST /api/v1/approvals/:id`. */
export const ApprovalBody = Type.Object({ optionId: Id });
export type ApprovalBody = Static<typeof ApprovalBody>;

/** The response of `GET /api/v1/commands/:id/changes`. */
export const ChangesResponse = Type.Object({
  ...Type.Pick(CommandExecution, ['changes', 'changesProblem']).properties,
  commandId: Type.String(),
  files: Type.Array(Type.Object({ ...FileChange.properties, isReverted: Type.Boolean() })),
  /** How many files were changed and are not listed. */
  omittedFiles: Count,
});
export type ChangesResponse = Static<typeof ChangesResponse>;

/** The body of `POST /api/v1/commands/:id/revert`. */
export const RevertBody = Type.Object({ path: FilePath });
export type RevertBody = Static<typeof RevertBody>;

/** A page of a list. `nextCursor` is null on the last page. */
export function Page<T extends TSchema>(item: T) {
  return Type.Object({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  });
}

export const AgentPage = Page(AgentSummary);
export type AgentPage = Static<typeof AgentPage>;
export const CommandPage = Type.Object({
  ...Page(CommandExecution).properties,
  /** By command ID: the line of output that contains `q`, for commands that do not contain it themselves. */
  outputLines: Type.Optional(Type.Record(Type.String(), Type.String())),
});
export type CommandPage = Static<typeof CommandPage>;

/** The body of every error response. */
export const ErrorResponse = Type.Object({
  error: Type.Object({ code: ErrorCode, message: Type.String() }),
});
export type ErrorResponse = Static<typeof ErrorResponse>;

// The JSON API: bodies and answers (README, "API"). The page, the command line and scripts use the same.
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { AgentType } from './agent-status.ts';
import { CommandStatus } from './command-status.ts';
import { AgentSummary, CommandExecution, Role } from './entities.ts';
import { CommandRequest } from './dashboard-to-hub.ts';
import { ErrorCode } from './errors.ts';
import { Id, Timestamp } from './message.ts';

export const SessionBody = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 128 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
});
export type SessionBody = Static<typeof SessionBody>;

export const SessionResponse = Type.Object({
  token: Type.String(),
  expiresAt: Timestamp,
  userId: Type.String(),
  role: Role,
});
export type SessionResponse = Static<typeof SessionResponse>;

/** An agent's name goes into addresses, file names and shell lines: letters, digits, dot, dash, underscore. */
export const AgentRegistration = Type.Object({
  agentId: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
  agentType: AgentType,
});
export type AgentRegistration = Static<typeof AgentRegistration>;

export const RegisteredAgent = Type.Object({
  agentId: Type.String(),
  agentType: AgentType,
  token: Type.String(),
});
export type RegisteredAgent = Static<typeof RegisteredAgent>;

/** The body of `POST /api/v1/commands`: a `command:request` without its envelope. */
export const CommandBody = Type.Object({
  ...Type.Omit(CommandRequest, ['type', 'version', 'priority']).properties,
  priority: Type.Optional(CommandRequest.properties.priority),
});
export type CommandBody = Static<typeof CommandBody>;

export const AcceptedCommand = Type.Object({
  commandId: Type.String(),
  agentId: Type.String(),
  position: Type.Integer(),
});
export type AcceptedCommand = Static<typeof AcceptedCommand>;

/** The body of `POST /api/v1/comparisons`: one command for several agents, to be compared with each other. */
export const ComparisonBody = Type.Object({
  ...Type.Omit(CommandBody, ['agentId', 'requestId']).properties,
  agentIds: Type.Array(Id, { minItems: 1, maxItems: 10, uniqueItems: true }),
  /** Named by whoever asks, a UUID, so that the same request sent again runs nothing twice. */
  comparisonId: Type.Optional(
    Type.String({ pattern: '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' }),
  ),
});
export type ComparisonBody = Static<typeof ComparisonBody>;

export const AcceptedComparison = Type.Object({
  comparisonId: Type.String(),
  /** In the order in which the agents were named. */
  commands: Type.Array(AcceptedCommand),
});
export type AcceptedComparison = Static<typeof AcceptedComparison>;

export const CommandQuery = Type.Object({
  agentId: Type.Optional(Type.String()),
  status: Type.Optional(CommandStatus),
  q: Type.Optional(Type.String({ maxLength: 256 })),
  comparisonId: Type.Optional(Type.String({ maxLength: 128 })),
  /** Only commands that belong to a comparison. */
  compared: Type.Optional(Type.Boolean()),
  conversationId: Type.Optional(Type.String({ maxLength: 256 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
});
export type CommandQuery = Static<typeof CommandQuery>;

/** The body of `POST /api/v1/approvals/:id`: the answer. */
export const ApprovalBody = Type.Object({ optionId: Id });
export type ApprovalBody = Static<typeof ApprovalBody>;

/** A page of a list; `nextCursor` is null on the last one. */
function Page<T extends TSchema>(item: T) {
  return Type.Object({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  });
}

export const AgentPage = Page(AgentSummary);
export type AgentPage = Static<typeof AgentPage>;
export const CommandPage = Page(CommandExecution);
export type CommandPage = Static<typeof CommandPage>;

/** Every refused call answers with this. */
export const ErrorResponse = Type.Object({
  error: Type.Object({ code: ErrorCode, message: Type.String() }),
});
export type ErrorResponse = Static<typeof ErrorResponse>;

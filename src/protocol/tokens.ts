// The bodies of the HTTP API about tokens that people create: those of agents and users (docs/protocol.md,
// "Agent token" and "API token").
import { type Static, Type } from '@sinclair/typebox';
import { Page } from './api.ts';
import { Role } from './entities.ts';
import { TOKEN_NAME_LENGTH } from './limits.ts';
import { Timestamp } from './message.ts';

/** What a token is used for or where it is kept, for people. */
export const TokenName = Type.String({ minLength: 1, maxLength: TOKEN_NAME_LENGTH });

/** The body of `POST /api/v1/agents/:agentId/tokens`. Without `expiresAt`, the token does not expire. */
export const AgentTokenBody = Type.Object({
  name: Type.Optional(TokenName),
  expiresAt: Type.Optional(Timestamp),
});
export type AgentTokenBody = Static<typeof AgentTokenBody>;

/** A token of an agent, without its secret. */
export const AgentTokenSummary = Type.Object({
  id: Type.String(),
  agentId: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
  createdAt: Timestamp,
  createdBy: Type.String(),
  /** Null if it does not expire. */
  expiresAt: Type.Union([Timestamp, Type.Null()]),
  /** When the agent last used it, to about a minute; null if it never has. */
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
  /** Whether the agent is connected with it. */
  isInUse: Type.Boolean(),
});
export type AgentTokenSummary = Static<typeof AgentTokenSummary>;

export const AgentTokenPage = Page(AgentTokenSummary);

/** The only response that contains the token. */
export const CreatedAgentToken = Type.Object({
  ...AgentTokenSummary.properties,
  token: Type.String(),
});
export type CreatedAgentToken = Static<typeof CreatedAgentToken>;

/** The body of `POST /api/v1/account/tokens`. */
export const ApiTokenBody = Type.Object({
  name: TokenName,
  /** The highest role that the token may act with. */
  scope: Role,
  /** At most 365 days from now. */
  expiresAt: Timestamp,
});
export type ApiTokenBody = Static<typeof ApiTokenBody>;

/** A user's API token, without its secret. */
export const ApiTokenSummary = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scope: Role,
  createdAt: Timestamp,
  expiresAt: Timestamp,
  /** When it was last used, to about a minute; null if it never was. */
  lastUsedAt: Type.Union([Timestamp, Type.Null()]),
  /** The IP address of the last use; null if it is not known. */
  lastAddress: Type.Union([Type.String(), Type.Null()]),
});
export type ApiTokenSummary = Static<typeof ApiTokenSummary>;

export const ApiTokenPage = Page(ApiTokenSummary);

/** The only response that contains the token. */
export const CreatedApiToken = Type.Object({
  ...ApiTokenSummary.properties,
  token: Type.String(),
});
export type CreatedApiToken = Static<typeof CreatedApiToken>;

/** The token of the request, and the user and role that it acts as. */
export const CurrentApiToken = Type.Object({
  ...ApiTokenSummary.properties,
  userId: Type.String(),
  role: Role,
});
export type CurrentApiToken = Static<typeof CurrentApiToken>;

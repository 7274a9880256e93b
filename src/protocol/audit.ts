// The entries of the audit log (docs/data-model.md, "Audit log").
import { type Static, Type } from '@sinclair/typebox';
import { Page } from './api.ts';
import { Timestamp } from './message.ts';

/** What the log records. The entries about sockets come from the connection log. */
export const AuditAction = Type.Union([
  Type.Literal('session.start'),
  Type.Literal('session.failed'),
  Type.Literal('session.end'),
  Type.Literal('password.changed'),
  Type.Literal('password.rejected'),
  Type.Literal('password.link_created'),
  Type.Literal('user.added'),
  Type.Literal('user.changed'),
  Type.Literal('user.removed'),
  Type.Literal('user.erased'),
  Type.Literal('agent.added'),
  Type.Literal('agent.changed'),
  Type.Literal('agent.removed'),
  Type.Literal('agent.paused'),
  Type.Literal('agent.resumed'),
  Type.Literal('agent.rejected'),
  Type.Literal('agent_token.added'),
  Type.Literal('agent_token.revoked'),
  Type.Literal('api_token.added'),
  Type.Literal('api_token.revoked'),
  Type.Literal('command.requested'),
  Type.Literal('command.changed'),
  Type.Literal('command.interrupted'),
  Type.Literal('output.deleted'),
  Type.Literal('command.restored'),
  Type.Literal('terminal.input'),
  Type.Literal('approval.responded'),
  Type.Literal('file.revert_requested'),
  Type.Literal('file.reverted'),
  Type.Literal('audit.exported'),
  Type.Literal('socket.opened'),
  Type.Literal('socket.closed'),
]);
export type AuditAction = Static<typeof AuditAction>;

const ActorKind = Type.Union([Type.Literal('user'), Type.Literal('agent'), Type.Literal('system')]);

/** Facts about an action. Secrets, commands and output are never among them. */
const AuditDetail = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
);
export type AuditDetail = Static<typeof AuditDetail>;

const Nullable = Type.Union([Type.String(), Type.Null()]);

export const AuditEntry = Type.Object({
  id: Type.String(),
  time: Timestamp,
  actorKind: ActorKind,
  /** The user or the agent; null for the system, and if it is unknown who acted. */
  actor: Nullable,
  /** The session, API token or agent token that authenticated the actor. */
  credentialId: Nullable,
  /** The IP address of the actor. */
  address: Nullable,
  action: AuditAction,
  /** The agent, command or user that the action is about. */
  target: Nullable,
  detail: AuditDetail,
});
export type AuditEntry = Static<typeof AuditEntry>;

/** The filters of `GET /api/v1/audit`. */
export const AuditQuery = Type.Object({
  /** Only entries at or after this time. */
  since: Type.Optional(Timestamp),
  /** Only entries before this time. */
  until: Type.Optional(Timestamp),
  actor: Type.Optional(Type.String({ maxLength: 128 })),
  action: Type.Optional(AuditAction),
  target: Type.Optional(Type.String({ maxLength: 128 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  /** The `nextCursor` of the previous page. */
  cursor: Type.Optional(Type.String({ pattern: String.raw`^\d{1,16}_[\w.-]{1,64}$` })),
});
export type AuditQuery = Static<typeof AuditQuery>;

export const AuditPage = Page(AuditEntry);
export type AuditPage = Static<typeof AuditPage>;

// Error codes and error types (docs/protocol.md, "Error codes").
import { type Static, Type } from '@sinclair/typebox';

/** The codes of rejected requests, on sockets and over HTTP. */
export const ErrorCode = Type.Union([
  Type.Literal('invalid_message'),
  Type.Literal('unsupported_version'),
  Type.Literal('not_authenticated'),
  Type.Literal('code_required'),
  Type.Literal('forbidden'),
  Type.Literal('rate_limited'),
  Type.Literal('agent_unknown'),
  Type.Literal('agent_offline'),
  Type.Literal('agent_exists'),
  Type.Literal('user_unknown'),
  Type.Literal('user_exists'),
  Type.Literal('last_admin'),
  Type.Literal('token_limit'),
  Type.Literal('request_id_reused'),
  Type.Literal('invalid_command'),
  Type.Literal('queue_full'),
  Type.Literal('command_unknown'),
  Type.Literal('command_not_active'),
  Type.Literal('command_active'),
  Type.Literal('command_not_queued'),
  Type.Literal('approval_unknown'),
  Type.Literal('expired'),
  Type.Literal('not_revertible'),
  Type.Literal('not_found'),
  Type.Literal('unavailable'),
]);
export type ErrorCode = Static<typeof ErrorCode>;

/** The codes of failed commands. */
export const FailureCode = Type.Union([
  Type.Literal('timeout'),
  Type.Literal('agent_lost'),
  Type.Literal('agent_crashed'),
  Type.Literal('not_started'),
  Type.Literal('expired'),
  Type.Literal('invalid_command'),
  Type.Literal('program_failed'),
]);
export type FailureCode = Static<typeof FailureCode>;

/** Why a command failed. `message` is one sentence for the user. */
export const CommandError = Type.Object({ code: FailureCode, message: Type.String() });
export type CommandError = Static<typeof CommandError>;

/** A well-formed request that the hub rejects, with a code for programs and a message for people. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

// Maps hub errors to HTTP: one status for each code, one JSON shape for all.
import type { ErrorResponse } from '../protocol/api.ts';
import type { ErrorCode } from '../protocol/errors.ts';

const statuses: Record<ErrorCode, number> = {
  invalid_message: 400,
  unsupported_version: 400,
  not_authenticated: 401,
  code_required: 401,
  forbidden: 403,
  rate_limited: 429,
  agent_unknown: 404,
  agent_offline: 409,
  agent_exists: 409,
  user_unknown: 404,
  user_exists: 409,
  last_admin: 409,
  token_limit: 409,
  request_id_reused: 409,
  invalid_command: 422,
  queue_full: 429,
  command_unknown: 404,
  command_not_active: 409,
  command_active: 409,
  command_not_queued: 409,
  approval_unknown: 404,
  expired: 410,
  not_revertible: 409,
  not_found: 404,
  unavailable: 503,
};

/** When to repeat a rejected request, in seconds. */
const retryAfter: Partial<Record<ErrorCode, number>> = { rate_limited: 30, unavailable: 5 };

/** Creates the API's error response. */
export function errorResponse(code: ErrorCode, message: string): Response {
  const body: ErrorResponse = { error: { code, message } };
  return Response.json(body, { status: statuses[code], headers: retryHeaders(code) });
}

/** The `Retry-After` header of an error, if it is temporary. */
export function retryHeaders(code: ErrorCode): Record<string, string> {
  const seconds = retryAfter[code];
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

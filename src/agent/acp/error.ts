// Errors that an AI program returns over ACP.
import { RequestError } from '@agentclientprotocol/sdk';
import { errorMessage } from '../error-message.ts';
import { sanitize } from './text/sanitize.ts';

const AUTH_REQUIRED = -32_000;
const MAX_LENGTH = 1_000;

/** Whether the program requires the user to sign in first. */
export function isAuthRequired(error: unknown): boolean {
  return error instanceof RequestError && error.code === AUTH_REQUIRED;
}

/** The message of an error together with its details. A generic message is replaced by the details. */
export function acpErrorMessage(error: unknown): string {
  const message = errorMessage(error);
  const details = error instanceof RequestError ? detailsOf(error.data) : '';
  const isGeneric = /^internal error$/i.test(message);
  const full = details === '' || message.includes(details) ? message : `${message}: ${details}`;
  const text = sanitize(isGeneric && details !== '' ? details : full).trim();
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}

function detailsOf(data: unknown): string {
  if (typeof data === 'string') return data;
  if (typeof data !== 'object' || data === null) return '';
  for (const value of ['details' in data && data.details, 'message' in data && data.message]) {
    if (typeof value === 'string') return value;
  }
  return '';
}

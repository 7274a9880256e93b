// What a program answers instead of a result, in words for people.
import { RequestError } from '@agentclientprotocol/sdk';
import { sanitize } from './text/sanitize.ts';

const AUTH_REQUIRED = -32_000;
const MOST = 1_000;

/** Whether a program refuses because nobody has logged in. */
export function isAuthRequired(error: unknown): boolean {
  return error instanceof RequestError && error.code === AUTH_REQUIRED;
}

/** The error's own words, and where they say nothing, those of its details. */
export function acpErrorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof RequestError ? detailsOf(error.data) : '';
  const isEmpty = /^internal error$/i.test(message);
  const words = details === '' || message.includes(details) ? message : `${message}: ${details}`;
  const text = sanitize(isEmpty && details !== '' ? details : words).trim();
  return text.length <= MOST ? text : `${text.slice(0, MOST)}…`;
}

function detailsOf(data: unknown): string {
  if (typeof data === 'string') return data;
  if (typeof data !== 'object' || data === null) return '';
  for (const value of ['details' in data && data.details, 'message' in data && data.message]) {
    if (typeof value === 'string') return value;
  }
  return '';
}

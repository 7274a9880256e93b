// Parses form bodies and query strings into the API's request types.
import { Value } from '@sinclair/typebox/value';
import type { CommandBody, CommandQuery } from '../../protocol/api.ts';
import type { CommandExecution } from '../../protocol/entities.ts';
import { CommandStatus, Priority } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';
import { PAGE_LENGTH, TOKEN_NAME_LENGTH } from '../../protocol/limits.ts';
import { readExpiry } from '../../../views/components/token-expiry.tsx';

/** Returns a field's value, or '' if it is missing or repeated. */
export function readField(form: unknown, name: string): string {
  if (typeof form !== 'object' || form === null) return '';
  const value: unknown = Reflect.get(form, name);
  return typeof value === 'string' ? value : '';
}

/** Returns all values of a field that can be repeated. */
export function readFields(form: unknown, name: string): string[] {
  if (typeof form !== 'object' || form === null) return [];
  const value: unknown = Reflect.get(form, name);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}

/** Reads from the URL how many items a list shows: a page of them, unless it asks for more. */
export function readCount(request: Request, name: string): number {
  const count = Number(new URL(request.url).searchParams.get(name));
  return Number.isSafeInteger(count) ? Math.max(count, PAGE_LENGTH) : PAGE_LENGTH;
}

/** Splits a list of names at commas and spaces, without repetitions. */
export function parseNames(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}

/** Parses the filters in the URL. Ignores invalid ones. */
export function parseCommandQuery(request: Request): CommandQuery {
  const search = new URL(request.url).searchParams;
  const status = search.get('status');
  const agentId = search.get('agentId');
  const q = search.get('q')?.trim().slice(0, 256);
  const cursor = search.get('cursor')?.slice(0, 64);
  const conversationId = search.get('conversationId')?.slice(0, 256);
  return {
    limit: PAGE_LENGTH,
    ...(agentId && { agentId }),
    ...(Value.Check(CommandStatus, status) && { status }),
    ...(q && { q }),
    ...(conversationId && { conversationId }),
    ...(cursor && { cursor }),
  };
}

/**
 * Parses the command form. The `requestId` combines the form's ID with a hash of its content: submitting a form twice
 * creates one command, submitting it with different text creates another.
 * @throws {HubError} invalid_message
 */
export function parseCommandForm(agentId: string, form: unknown): CommandBody {
  // A command that interrupts another one runs next.
  const isUrgent = readField(form, 'interrupt') !== '';
  const priority = isUrgent ? 'high' : readField(form, 'priority') || 'normal';
  if (!Value.Check(Priority, priority)) {
    throw new HubError('invalid_message', 'The priority must be high, normal or low.');
  }
  // Browsers submit line breaks as CRLF.
  const command = readField(form, 'command').replaceAll('\r\n', '\n');
  const timeoutMs = Number(readField(form, 'timeoutMs'));
  const session = readField(form, 'session') === 'new' ? 'new' : 'continue';
  const ifOffline = readIfOffline(form);
  return {
    agentId,
    command,
    priority,
    session,
    ...(ifOffline && { ifOffline }),
    ...(Number.isInteger(timeoutMs) && timeoutMs > 0 && { timeoutMs }),
    ...readRequestId(form, [command, priority, session, timeoutMs, ifOffline]),
  };
}

/** Parses the form that runs a command again, on its own agent unless the form names another one. */
export function parseAgainForm(again: CommandExecution, form: unknown): CommandBody {
  const { id, command, priority, timeoutMs, session } = again;
  const agentId = readField(form, 'agentId') || again.agentId;
  const ifOffline = readIfOffline(form);
  return {
    agentId,
    command,
    priority,
    timeoutMs,
    session,
    ...(ifOffline && { ifOffline }),
    ...readRequestId(form, [id, agentId, ifOffline]),
  };
}

function readIfOffline(form: unknown): 'queue' | undefined {
  return readField(form, 'ifOffline') === 'queue' ? 'queue' : undefined;
}

/** Combines the form's ID with a hash of its content. */
function readRequestId(form: unknown, content: unknown[]): { requestId?: string } {
  const formId = readField(form, 'requestId').slice(0, 64);
  const hash = Bun.hash(JSON.stringify(content)).toString(36);
  return formId === '' ? {} : { requestId: `${formId}.${hash}` };
}

/**
 * Parses the form that adds a token: its name, '' if it has none, and its expiry, null if it does not expire.
 * @throws {HubError} invalid_message
 */
export function parseTokenForm(body: unknown, now: number) {
  const form = {
    name: readField(body, 'name').trim(),
    expiresInDays: readField(body, 'expiresInDays'),
  };
  const { name } = form;
  const expiresAt = readExpiry(form.expiresInDays, now);
  if (name.length > TOKEN_NAME_LENGTH) {
    throw new HubError('invalid_message', `A name has at most ${TOKEN_NAME_LENGTH} characters.`);
  }
  if (expiresAt === undefined) {
    throw new HubError('invalid_message', 'Choose when the token expires.');
  }
  return { form, name, expiresAt };
}

// What people fill in: fields of forms and of addresses, read once and checked.
import { Value } from '@sinclair/typebox/value';
import type { CommandBody, CommandQuery } from '../../protocol/api.ts';
import { CommandStatus, Priority } from '../../protocol/command-status.ts';
import { HubError } from '../../protocol/errors.ts';

/** How many commands one page of the history has. */
const PAGE_LENGTH = 50;

/** A field of a form, or '' where it is missing or came twice. */
export function field(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : '';
}

/** All values of a field of a form that may come several times. */
export function fields(body: unknown, name: string): string[] {
  if (typeof body !== 'object' || body === null) return [];
  const value: unknown = Reflect.get(body, name);
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}

/** The filters in an address; what cannot be understood is left out. */
export function commandQuery(request: Request): CommandQuery {
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
 * The command in a form. Its request id is the form's, and the text's: the same form sent twice is one command,
 * the same form with another text is another.
 * @throws {HubError} `invalid_message`
 */
export function commandBody(agentId: string, form: unknown): CommandBody {
  const priority = field(form, 'priority') || 'normal';
  if (!Value.Check(Priority, priority)) {
    throw new HubError('invalid_message', 'The priority is high, normal or low.');
  }
  // Browsers may send line ends as CRLF, which no program wants.
  const command = field(form, 'command').replaceAll('\r\n', '\n');
  const timeoutMs = Number(field(form, 'timeoutMs'));
  const session = field(form, 'session') === 'new' ? 'new' : 'continue';
  const formId = field(form, 'requestId').slice(0, 64);
  const text = Bun.hash(JSON.stringify([command, priority, session, timeoutMs])).toString(36);
  return {
    agentId,
    command,
    priority,
    session,
    ...(Number.isInteger(timeoutMs) && timeoutMs > 0 && { timeoutMs }),
    ...(formId && { requestId: `${formId}.${text}` }),
  };
}

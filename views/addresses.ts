// Where things are on this site. Every id that goes into an address goes through here, escaped.
import type { CommandQuery } from '../src/protocol/api.ts';

/** An agent's page, with the command whose terminal it shows, if one was chosen. */
export function agentAddress(agentId: string, commandId?: string): string {
  const page = `/agents/${encodeURIComponent(agentId)}`;
  return commandId === undefined ? page : `${page}?command=${encodeURIComponent(commandId)}`;
}

/** What an agent's page asks for when something has changed. */
export function agentLiveAddress(agentId: string, commandId?: string): string {
  const live = `/agents/${encodeURIComponent(agentId)}/live`;
  return commandId === undefined ? live : `${live}?command=${encodeURIComponent(commandId)}`;
}

/** A command's page. */
export function commandAddress(commandId: string): string {
  return `/commands/${encodeURIComponent(commandId)}`;
}

/** Where the same prompt is given to several agents, and where what they made of it stands side by side. */
export function compareAddress(comparisonId?: string): string {
  return comparisonId === undefined ? '/compare' : `/compare/${encodeURIComponent(comparisonId)}`;
}

/** The inbox, and where answers are sent. */
export const approvalsAddress = '/approvals';

/** A page of the history, as the filters have it; `path` is the full page or one of its fragments. */
export function historyAddress(query: CommandQuery, path = '/history'): string {
  const parameters = new URLSearchParams();
  if (query.agentId) parameters.set('agentId', query.agentId);
  if (query.status) parameters.set('status', query.status);
  if (query.q) parameters.set('q', query.q);
  if (query.conversationId) parameters.set('conversationId', query.conversationId);
  if (query.cursor) parameters.set('cursor', query.cursor);
  const search = parameters.toString();
  return search === '' ? path : `${path}?${search}`;
}

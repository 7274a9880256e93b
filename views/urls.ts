// URLs of the pages. Every ID in a URL is escaped here.
import type { CommandQuery } from '../src/protocol/api.ts';
import type { AuditQuery } from '../src/protocol/audit.ts';

export function agentUrl(agentId: string): string {
  return `/agents/${encodeURIComponent(agentId)}`;
}

/** The menu of agents on the page of one. */
export function agentSwitchUrl(agentId: string): string {
  return `${agentUrl(agentId)}/others`;
}

/** The fragments that update an agent's page. */
export function agentLiveUrl(agentId: string): string {
  return `${agentUrl(agentId)}/live`;
}

/** The blocks of an agent's session that ended before a position. */
export function olderBlocksUrl(agentId: string, olderThan: string): string {
  return `${agentUrl(agentId)}/older?before=${encodeURIComponent(olderThan)}`;
}

/** The dialog of an agent's tokens. */
export function agentTokensUrl(agentId: string): string {
  return `/agents/${encodeURIComponent(agentId)}/tokens`;
}

export function commandUrl(commandId: string): string {
  return `/commands/${encodeURIComponent(commandId)}`;
}

/** The page of a command with a search in its output. */
export function outputSearchUrl(commandId: string, text: string): string {
  return `${commandUrl(commandId)}?q=${encodeURIComponent(text)}`;
}

/** Lines of the output of a command, as a fragment: from `from` to `until`, exclusive, or as many as fit on a page. */
export function outputLinesUrl(commandId: string, from: number, until: number): string {
  return `${commandUrl(commandId)}/lines?from=${from}&until=${until}`;
}

/** The output of a command as a file: with its control sequences, or as the plain text that a terminal shows. */
export function outputUrl(commandId: string, form: 'raw' | 'plain'): string {
  return `${commandUrl(commandId)}/output.${form === 'raw' ? 'log' : 'txt'}`;
}

/** What has changed in the turn of a command, as fragments. */
export function turnUrl(commandId: string): string {
  return `${commandUrl(commandId)}/turn`;
}

/** The page of a comparison, or without an ID the form that starts one. */
export function compareUrl(comparisonId?: string): string {
  return comparisonId === undefined ? '/compare' : `/compare/${encodeURIComponent(comparisonId)}`;
}

/** The forms that change a user. */
export function userUrl(username: string): string {
  return `/users/${encodeURIComponent(username)}`;
}

/** The user's API tokens, and the forms that change them. */
export const apiTokensUrl = '/account/tokens';

/** The form that ends a session. */
export function sessionUrl(id: string): string {
  return `/account/sessions/${encodeURIComponent(id)}`;
}

/** Starts single sign-on. @param next the path to continue to */
export function providerUrl(next: string): string {
  return next === '/' ? '/login/oidc' : `/login/oidc?next=${encodeURIComponent(next)}`;
}

/** The full URL with which a user chooses a password. */
export function createPasswordUrl(base: string, token: string): string {
  return `${base}/password?token=${token}`;
}

/** The approvals page. Responses are posted to the same URL. */
export const approvalsUrl = '/approvals';

export const hubsUrl = '/hubs';
/** The fragment that updates the list of hubs. */
export const hubsListUrl = '/hubs/list';

/** The whole detail of an approval request, as a fragment. */
export function approvalDetailUrl(approvalId: string): string {
  return `${approvalsUrl}/${encodeURIComponent(approvalId)}/detail`;
}

/** A page of the history with its filters. `path` is the page or one of its fragments. */
export function historyUrl(query: CommandQuery, path = '/history'): string {
  const parameters = new URLSearchParams();
  if (query.agentId) parameters.set('agentId', query.agentId);
  if (query.status) parameters.set('status', query.status);
  if (query.q) parameters.set('q', query.q);
  if (query.conversationId) parameters.set('conversationId', query.conversationId);
  if (query.cursor) parameters.set('cursor', query.cursor);
  const search = parameters.toString();
  return search === '' ? path : `${path}?${search}`;
}

/** A page of the audit log with its filters, which are days in UTC. `path` is the page or one of its parts. */
export function auditUrl(query: AuditQuery = {}, path = '/audit'): string {
  const toDay = (time: number) => new Date(time).toISOString().slice(0, 10);
  const parameters = new URLSearchParams();
  if (query.action) parameters.set('action', query.action);
  if (query.actor) parameters.set('actor', query.actor);
  if (query.target) parameters.set('target', query.target);
  if (query.since !== undefined) parameters.set('from', toDay(query.since));
  if (query.until !== undefined) parameters.set('to', toDay(query.until - 1));
  if (query.cursor) parameters.set('cursor', query.cursor);
  const search = parameters.toString();
  return search === '' ? path : `${path}?${search}`;
}

/** The forms of the user's saved prompts. */
export const promptsUrl = '/prompts';

/** The forms that change a saved prompt. */
export function promptUrl(id: string): string {
  return `${promptsUrl}/${encodeURIComponent(id)}`;
}

/** The changes of a command. @param view how diffs are shown; otherwise as the user chose last */
export function changesUrl(commandId: string, view?: string): string {
  return `${commandUrl(commandId)}/changes${view === undefined ? '' : `?view=${view}`}`;
}

/** The diff of one file, as a fragment. */
export function changedFileUrl(commandId: string, path: string, view: string): string {
  return `${commandUrl(commandId)}/changes/file?${new URLSearchParams({ path, view }).toString()}`;
}

/** The dialog that asks before a file is reverted, and without a path the form that reverts it. */
export function revertUrl(commandId: string, path?: string): string {
  const url = `${commandUrl(commandId)}/revert`;
  return path === undefined ? url : `${url}?${new URLSearchParams({ path }).toString()}`;
}

/** The changes of all commands of a conversation. */
export function conversationChangesUrl(
  agentId: string,
  conversationId: string,
  view?: string,
): string {
  const parameters = { conversation: conversationId, ...(view !== undefined && { view }) };
  return `${agentUrl(agentId)}/changes?${new URLSearchParams(parameters).toString()}`;
}

/** The files that the latest commands of an agent have changed, as a fragment. */
export function latestChangesUrl(agentId: string): string {
  return `${agentUrl(agentId)}/changes/latest`;
}

/** Sends comments on changes as a prompt. */
export function agentReviewUrl(agentId: string): string {
  return `${agentUrl(agentId)}/review`;
}

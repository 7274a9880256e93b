// The DOM events that the island dispatches, and the `hx-trigger` values that listen for them.
// src/browser/dom-events.ts dispatches the same names; test/browser/dom-events.test.ts compares them.

/** The status of any agent changed. */
export const ANY_AGENT = 'signalbox:agent-status';
/** The status of any command changed. */
export const ANY_COMMAND = 'signalbox:command-status';
/** An approval request was created or resolved, or its response was delivered. */
export const ANY_APPROVAL = 'signalbox:approval';
/** The page may be out of date. */
export const REFRESH = 'signalbox:refresh';

/** The user wants an element to load what it failed to load. Dispatched on the element itself. */
export const RETRY = 'signalbox:retry';

/** The event of one agent. IDs that are not valid in `hx-trigger` use the event of all agents. */
export function agentEvent(agentId: string): string {
  return isValidInTrigger(agentId) ? `signalbox:agent/${agentId}` : ANY_AGENT;
}

/** The event of one command. IDs that are not valid in `hx-trigger` use the event of all commands. */
export function commandEvent(commandId: string): string {
  return isValidInTrigger(commandId) ? `signalbox:command/${commandId}` : ANY_COMMAND;
}

/** The event of the turn of a command. */
export function turnEvent(commandId: string): string {
  return isValidInTrigger(commandId) ? `signalbox:turn/${commandId}` : ANY_COMMAND;
}

/** Returns the `hx-trigger` value for these events. The island dispatches them on the body. */
export function triggerOn(...events: string[]): string {
  return events.map((event) => `${event} from:body`).join(', ');
}

/** `hx-trigger` has a syntax of its own: spaces, commas and brackets in an ID would change its meaning. */
function isValidInTrigger(id: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(id);
}

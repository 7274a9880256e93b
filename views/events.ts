// The DOM events by which the island tells htmx that something changed, as `hx-trigger` writes them.
// Their other end is src/browser/dom-events.ts; test/browser/dom-events.test.ts keeps the two together.

/** Any agent came, went, began or ended work. */
export const ANY_AGENT = 'signalbox:agent-status';
/** Any command moved on. */
export const ANY_COMMAND = 'signalbox:command-status';
/** An agent asks, or a question of one was answered. */
export const ANY_APPROVAL = 'signalbox:approval';
/** The page may have missed something, or has just changed it: fetch again. */
export const REFRESH = 'signalbox:refresh';

/** Something about this agent changed. Ids are letters, digits, dot, dash and underscore; others are not named. */
export function ofAgent(agentId: string): string {
  return isPlain(agentId) ? `signalbox:agent/${agentId}` : ANY_AGENT;
}

/** Something about this command changed. */
export function ofCommand(commandId: string): string {
  return isPlain(commandId) ? `signalbox:command/${commandId}` : ANY_COMMAND;
}

/** The value of `hx-trigger` for these events, wherever on the page they are told. */
export function whenever(...events: string[]): string {
  return events.map((event) => `${event} from:body`).join(', ');
}

/** A trigger is a small language of its own: nothing that could be read as part of it goes in. */
function isPlain(id: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(id);
}

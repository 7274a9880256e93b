// The hub's messages as DOM events on the body, which htmx triggers listen to: HTML is made in one place, the server.
// Their other end is views/events.ts.
import type { Clock } from '../protocol/clock.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { createThrottle } from './throttle.ts';

/** The page may have missed something. */
export const REFRESH = 'signalbox:refresh';

/** How long changes of one kind are gathered. */
const GATHER_MS = 400;

/** The events a message becomes. */
export function eventsOf(message: HubToDashboard): string[] {
  switch (message.type) {
    case 'dashboard:welcome':
      return [REFRESH];
    case 'agent:status':
      return ['signalbox:agent-status', `signalbox:agent/${message.agentId}`];
    case 'command:status':
      return [
        'signalbox:command-status',
        `signalbox:command/${message.commandId}`,
        `signalbox:agent/${message.agentId}`,
      ];
    case 'approval:request':
    case 'approval:resolved':
    case 'approval:applied':
      return ['signalbox:approval'];
    case 'command:report':
      return [`signalbox:command/${message.commandId}`];
    case 'command:accepted':
    case 'terminal:output':
    case 'terminal:gap':
    case 'terminal:complete':
    case 'hub:heartbeat':
    case 'error':
      return [];
    default:
      message satisfies never;
      return [];
  }
}

/** Tells the page of each message, at most once in 400 ms for each kind of event. */
export function createEvents(clock: Clock, target: EventTarget) {
  const tell = createThrottle(clock, GATHER_MS, (name) => {
    target.dispatchEvent(new CustomEvent(name));
  });
  return (message: HubToDashboard): void => {
    for (const name of eventsOf(message)) tell(name);
  };
}

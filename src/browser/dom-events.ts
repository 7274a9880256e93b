// Turns the hub's messages into DOM events that trigger htmx requests, so that only the server renders HTML.
// views/events.ts has the names that pages listen to; test/browser/dom-events.test.ts checks that both match.
import type { Clock } from '../protocol/clock.ts';
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { createThrottle } from './throttle.ts';

/** The page may have missed messages. */
export const REFRESH = 'signalbox:refresh';

/** Minimum time between two events of the same name. Turns are read while they are written. */
const THROTTLE_MS = 400;
const TURN_THROTTLE_MS = 200;

/** Returns the names of the events that a message triggers. */
export function getEventNames(message: HubToDashboard): string[] {
  switch (message.type) {
    case 'dashboard:welcome':
      return [REFRESH];
    case 'agent:status':
    case 'agent:updated':
    case 'agent:removed':
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
    case 'turn:updated':
      return [`signalbox:turn/${message.commandId}`];
    case 'command:report':
      return [`signalbox:command/${message.commandId}`];
    case 'command:accepted':
    case 'terminal:output':
    case 'terminal:gap':
    case 'terminal:reset':
    case 'terminal:epoch':
    case 'terminal:complete':
    case 'terminal:size':
    case 'input:accepted':
    case 'hub:heartbeat':
    case 'error':
      return [];
    default:
      message satisfies never;
      return [];
  }
}

/** Creates the handler that dispatches a message's events on `target`, throttled by event name. */
export function createEventDispatcher(clock: Clock, target: EventTarget) {
  const dispatch = (name: string) => void target.dispatchEvent(new CustomEvent(name));
  const dispatchSoon = createThrottle(clock, THROTTLE_MS, dispatch);
  const dispatchTurn = createThrottle(clock, TURN_THROTTLE_MS, dispatch);
  return (message: HubToDashboard): void => {
    const throttled = message.type === 'turn:updated' ? dispatchTurn : dispatchSoon;
    for (const name of getEventNames(message)) throttled(name);
  };
}

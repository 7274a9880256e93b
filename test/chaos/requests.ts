// Commands a dashboard has asked for and not heard of: asked for again after every reconnect and every passing refusal,
// always under the same requestId.
import type { CommandRequest } from '../../src/protocol/dashboard-to-hub.ts';
import type { ErrorMessage } from '../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../src/protocol/message.ts';

export type Request = Unversioned<CommandRequest> & { requestId: string };

/** Refusals that pass. */
const PASSING = new Set(['agent_offline', 'rate_limited', 'unavailable', 'queue_full']);
const RETRY_MS = 250;

interface Pending {
  request: Request;
  accepted: (commandId: string) => void;
}

export function createRequests(send: (request: Request) => void, flaw: (text: string) => void) {
  const pending = new Map<string, Pending[]>();
  const timers = new Set<ReturnType<typeof setTimeout>>();

  return {
    /** Fulfilled with the command's id once it is accepted. */
    ask(request: Request): Promise<string> {
      return new Promise((accepted) => {
        const others = pending.get(request.requestId) ?? [];
        pending.set(request.requestId, [...others, { request, accepted }]);
        send(request);
      });
    },
    /** A new connection: nobody knows what became of what was sent on the last one. */
    again() {
      for (const [first] of pending.values()) if (first) send(first.request);
    },
    accepted(requestId: string, commandId: string) {
      for (const { accepted } of pending.get(requestId) ?? []) accepted(commandId);
      pending.delete(requestId);
    },
    refused({ requestId, code, message }: Unversioned<ErrorMessage>) {
      const [first] = pending.get(requestId ?? '') ?? [];
      if (!first) return;
      if (!PASSING.has(code)) return flaw(`a request was refused: ${code}, ${message}`);
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (pending.has(first.request.requestId)) send(first.request);
      }, RETRY_MS);
      timers.add(timer);
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

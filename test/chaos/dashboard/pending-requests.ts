// The command requests of a dashboard that have no reply yet. They are sent again after every reconnect and every
// temporary error, always with the same requestId.
import type { CommandRequest } from '../../../src/protocol/dashboard-to-hub.ts';
import type { ErrorMessage } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';

export type Request = Unversioned<CommandRequest> & { requestId: string };

const TEMPORARY_ERRORS = new Set(['agent_offline', 'rate_limited', 'unavailable', 'queue_full']);
const RETRY_MS = 250;

interface PendingRequest {
  request: Request;
  onAccepted: (commandId: string) => void;
}

export function createPendingRequests(
  send: (request: Request) => void,
  onViolation: (text: string) => void,
) {
  const pending = new Map<string, PendingRequest[]>();
  const timers = new Set<ReturnType<typeof setTimeout>>();

  return {
    /** Sends a request; resolves with the command's ID once it is accepted. */
    request(request: Request): Promise<string> {
      return new Promise((resolve) => {
        const others = pending.get(request.requestId) ?? [];
        pending.set(request.requestId, [...others, { request, onAccepted: resolve }]);
        send(request);
      });
    },
    /** Sends all pending requests on a new connection: replies may have been lost with the old one. */
    resendAll() {
      for (const [first] of pending.values()) if (first) send(first.request);
    },
    onAccepted(requestId: string, commandId: string) {
      for (const { onAccepted } of pending.get(requestId) ?? []) onAccepted(commandId);
      pending.delete(requestId);
    },
    onError({ requestId, code, message }: Unversioned<ErrorMessage>) {
      const [first] = pending.get(requestId ?? '') ?? [];
      if (!first) return;
      if (!TEMPORARY_ERRORS.has(code)) {
        return onViolation(`a request was rejected: ${code}, ${message}`);
      }
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

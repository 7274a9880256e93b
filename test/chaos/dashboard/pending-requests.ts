// The command requests of a dashboard that have no reply yet. They are sent again after every reconnect and every
// temporary error, always with the same requestId.
import type { CommandRequest } from '../../../src/protocol/dashboard-to-hub.ts';
import type { ErrorMessage } from '../../../src/protocol/hub-to-dashboard.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';

export type Request = Unversioned<CommandRequest> & { requestId: string };

const TEMPORARY_ERRORS = new Set(['agent_offline', 'rate_limited', 'unavailable', 'queue_full']);
/** Long enough that a dashboard stays within the rate limit when all its requests fail. */
const RETRY_MS = 1_000;

interface PendingRequest {
  request: Request;
  onAccepted: (commandId: string) => void;
}

export function createPendingRequests(
  send: (request: Request) => boolean,
  onViolation: (text: string) => void,
) {
  const pending = new Map<string, PendingRequest[]>();
  /** The requests that must be refused because their requestId belongs to another command. */
  const conflicts = new Set<string>();
  /** The requests that are to be sent again. */
  const failed = new Set<string>();

  function retry() {
    for (const requestId of failed) {
      const [first] = pending.get(requestId) ?? [];
      if (first) send(first.request);
    }
    failed.clear();
  }

  const timer = setInterval(retry, RETRY_MS);

  return {
    /** Sends a request; resolves with the command's ID once it is accepted. */
    request(request: Request): Promise<string> {
      return new Promise((resolve) => {
        const others = pending.get(request.requestId) ?? [];
        pending.set(request.requestId, [...others, { request, onAccepted: resolve }]);
        send(request);
      });
    },
    /** Sends a request whose requestId belongs to another command. */
    requestConflict(request: Request) {
      if (send(request)) conflicts.add(request.requestId);
    },
    /** Sends all pending requests on a new connection: replies may have been lost with the old one. */
    resendAll() {
      conflicts.clear();
      failed.clear();
      for (const [first] of pending.values()) if (first) send(first.request);
    },
    onAccepted(requestId: string, commandId: string) {
      if (conflicts.delete(requestId)) {
        onViolation(`${requestId} was accepted again for another command`);
      }
      for (const { onAccepted } of pending.get(requestId) ?? []) onAccepted(commandId);
      pending.delete(requestId);
    },
    onError({ requestId = '', code, message }: Unversioned<ErrorMessage>) {
      const isConflict = conflicts.delete(requestId);
      const [first] = pending.get(requestId) ?? [];
      const isTemporary = TEMPORARY_ERRORS.has(code);
      const isExpected = isTemporary || (isConflict && code === 'request_id_reused');
      if (!isExpected) return onViolation(`a request was rejected: ${code}, ${message}`);
      if (!first) return;
      if (code === 'agent_offline' && first.request.ifOffline === 'queue') {
        onViolation(`${requestId} was rejected because its agent is offline`);
      }
      failed.add(requestId);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

// Requests whose body has not arrived yet. Each holds a connection, and anyone can send a body slowly, so their number is
// limited per client.
import { createClientCounts } from '../hub/client-counts.ts';
import { MAX_UNFINISHED_BODIES } from '../protocol/limits.ts';

export type UnfinishedBodies = ReturnType<typeof createUnfinishedBodies>;

/** Whether a request has a body. */
export const hasBody = ({ headers }: Request): boolean =>
  headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0;

/** Whether a request has a body of which nothing has been read. */
export const hasUnreadBody = (request: Request): boolean => hasBody(request) && !request.bodyUsed;

/** Creates an empty set, for all clients. */
export function createUnfinishedBodies() {
  const clients = new WeakMap<Request, string>();
  const counts = createClientCounts(MAX_UNFINISHED_BODIES);

  /** Removes a request whose body has arrived, or whose connection is closed. Does nothing for others. */
  function finish(request: Request) {
    const client = clients.get(request);
    if (client === undefined) return;
    clients.delete(request);
    counts.finish(client);
  }

  return {
    /** Adds a request with a body. Returns false if its client has too many. */
    begin(request: Request, client: string): boolean {
      if (!counts.begin(client)) return false;
      clients.set(request, client);
      request.signal.addEventListener('abort', () => finish(request));
      return true;
    },
    finish,
  };
}

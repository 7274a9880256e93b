// Requests whose body has not arrived yet. Each holds a connection, and anyone can send a body slowly, so their number is
// limited per client.
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
  const counts = new Map<string, number>();

  /** Removes a request whose body has arrived, or whose connection is closed. Does nothing for others. */
  function finish(request: Request) {
    const client = clients.get(request);
    if (client === undefined) return;
    clients.delete(request);
    const count = (counts.get(client) ?? 0) - 1;
    if (count > 0) counts.set(client, count);
    else counts.delete(client);
  }

  return {
    /** Adds a request with a body. Returns false if its client has too many. */
    begin(request: Request, client: string): boolean {
      const count = counts.get(client) ?? 0;
      if (count >= MAX_UNFINISHED_BODIES) return false;
      counts.set(client, count + 1);
      clients.set(request, client);
      request.signal.addEventListener('abort', () => finish(request));
      return true;
    },
    finish,
  };
}

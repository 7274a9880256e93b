// The servers behind the hub's address: the one that listens, and earlier ones that still have open connections. Bun
// cannot change the certificate of a server, so a new certificate needs a new server.
import type { Server } from 'bun';
import type { Publisher } from '../hub/broadcast.ts';

/** A certificate chain, with the hub's certificate first, and its private key, both as PEM. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface Servers extends Publisher {
  add(server: Server<unknown>): void;
  /** Stops listening. Open connections stay open, except idle HTTP ones. */
  retire(server: Server<unknown>): void;
  /** How many WebSockets are open. */
  countSockets(): number;
  /** Counts a request until its response is ready. Returns the response. */
  track<T>(response: T): T;
  /** How many HTTP requests are in progress. */
  countRequests(): number;
  /** Stops all servers, and terminates their connections. */
  stop(): Promise<void>;
}

/** Creates an empty set of servers. */
export function createServers(): Servers {
  const servers = new Set<Server<unknown>>();
  /** How many requests have no response yet. */
  let handling = 0;
  const sum = (count: (server: Server<unknown>) => number) => {
    let total = 0;
    for (const server of servers) total += count(server);
    return total;
  };
  return {
    add: (server) => void servers.add(server),
    retire(server) {
      // Resolves when the last connection has ended.
      void server.stop().then(() => servers.delete(server));
    },
    publish(topic, frame) {
      for (const server of servers) server.publish(topic, frame);
    },
    subscriberCount: (topic) => sum((server) => server.subscriberCount(topic)),
    countSockets: () => sum(({ pendingWebSockets }) => pendingWebSockets),
    track(response) {
      if (!(response instanceof Promise)) return response;
      handling++;
      const end = () => void handling--;
      response.then(end, end);
      return response;
    },
    // Bun counts responses that are being sent too, but not requests whose client has gone.
    countRequests: () =>
      Math.max(
        handling,
        sum(({ pendingRequests }) => pendingRequests),
      ),
    async stop() {
      await Promise.all([...servers].map((server) => server.stop(true)));
    },
  };
}

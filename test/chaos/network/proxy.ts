// A TCP proxy between one client and the hub that injects network faults.
import { connect, createServer, type Socket } from 'node:net';
import type { Prng } from '../prng.ts';
import { createRelay, type Direction, type NetworkFaults } from './relay.ts';

interface Connection {
  client: Socket;
  hub: Socket;
  /** Resets both ends. */
  reset(): void;
  /** Resets the client's end only, so that the hub does not notice. */
  halfOpen(): void;
}

export type Proxy = Awaited<ReturnType<typeof openProxy>>;

/** @param hubPort returns the current port of the hub */
export async function openProxy(hubPort: () => number, prng: Prng) {
  const faults: NetworkFaults = {
    delayMs: 0,
    isFragmented: false,
    stall: null,
    duplicates: 0,
    truncate: null,
  };
  const connections = new Set<Connection>();
  /** The hub's ends of half-open connections. */
  const halfOpenSockets = new Set<Socket>();
  let duplicated = 0;
  let truncated = 0;

  const server = createServer((client) => {
    const hub = connect({ host: '127.0.0.1', port: hubPort() });
    for (const socket of [client, hub]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    const handlers = {
      onTruncate() {
        truncated += 1;
        connection.reset();
      },
      onDuplicate() {
        duplicated += 1;
      },
    };
    const relays = [
      createRelay('upstream', [client, hub], faults, prng.fork('upstream'), handlers),
      createRelay('downstream', [hub, client], faults, prng.fork('downstream'), handlers),
    ];
    function release() {
      connections.delete(connection);
      for (const relay of relays) relay.stop();
    }
    const connection: Connection = {
      client,
      hub,
      reset() {
        release();
        client.resetAndDestroy();
        hub.resetAndDestroy();
      },
      halfOpen() {
        release();
        client.resetAndDestroy();
        halfOpenSockets.add(hub);
      },
    };
    connections.add(connection);
    hub.on('close', () => {
      if (client.destroyed) connections.delete(connection);
    });
    client.on('close', () => {
      if (hub.destroyed) connections.delete(connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  function resume(): void {
    faults.stall?.resolve();
    faults.stall = null;
    for (const { client, hub } of connections) for (const socket of [client, hub]) socket.resume();
  }

  function closeHalfOpen() {
    for (const socket of halfOpenSockets) socket.destroy();
    halfOpenSockets.clear();
  }

  function resetConnections() {
    for (const connection of connections) connection.reset();
  }

  return {
    port,
    faults,
    /** The number of messages duplicated so far. */
    get duplicated() {
      return duplicated;
    },
    /** The number of messages truncated so far. */
    get truncated() {
      return truncated;
    },
    countConnections: () => connections.size,
    resetConnections,
    /** Makes every connection half-open: the client's end is reset, the hub's end receives nothing more. */
    halfOpenConnections() {
      for (const connection of connections) connection.halfOpen();
    },
    closeHalfOpen,
    stall() {
      faults.stall ??= Promise.withResolvers();
    },
    resume,
    /** Truncates the next message in a direction and resets its connection. */
    truncateNext(direction: Direction) {
      faults.truncate = direction;
    },
    /** Ends all faults. */
    clearFaults() {
      Object.assign(faults, { delayMs: 0, isFragmented: false, duplicates: 0, truncate: null });
      resume();
      closeHalfOpen();
    },
    close() {
      resume();
      resetConnections();
      closeHalfOpen();
      server.close();
    },
  };
}

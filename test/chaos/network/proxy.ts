// A TCP proxy between one client and the hub that injects network faults.
import { connect, createServer, type Socket } from 'node:net';
import { CloseCode } from '../../../src/protocol/close-codes.ts';
import type { Prng } from '../prng.ts';
import type { Frame } from './frame-splitter.ts';
import { createRelay, type Direction, type MessageHold, type NetworkFaults } from './relay.ts';

interface Connection {
  client: Socket;
  hub: Socket;
  /** Resets both ends. */
  reset(): void;
  /** Resets the client's end only, so that the hub does not notice. */
  halfOpen(): void;
  /** Discards everything in both directions, so that neither end notices. */
  discard(): void;
}

/** A message that is to be held. */
export interface PendingHold {
  /** Resolves once the message is held. */
  held: Promise<void>;
  /** Lets it pass, or stops waiting for it. */
  release(): void;
}

export type Proxy = Awaited<ReturnType<typeof openProxy>>;

/**
 * @param hubPort returns the port of the hub for a new connection
 * @param onHubMessage called for every message of the hub that was forwarded
 */
export async function openProxy(
  hubPort: () => number,
  prng: Prng,
  onHubMessage: (frame: Frame) => void = () => {},
) {
  const faults: NetworkFaults = {
    delayMs: 0,
    isFragmented: false,
    stall: null,
    duplicates: 0,
    truncate: null,
    hold: null,
  };
  const connections = new Set<Connection>();
  /** The connections in a black hole. */
  const lost = new Set<Connection>();
  /** The hub's ends of half-open connections. */
  const halfOpenSockets = new Set<Socket>();
  const holds = new Set<PendingHold>();
  let isBlocked = false;
  let duplicated = 0;
  let truncated = 0;
  let normalCloses = 0;
  let hubClosed = Promise.withResolvers<void>();
  let latestHubPort = 0;

  const server = createServer((client) => {
    client.on('error', () => {});
    if (isBlocked) {
      client.resetAndDestroy();
      return;
    }
    latestHubPort = hubPort();
    const hub = connect({ host: '127.0.0.1', port: latestHubPort });
    hub.on('error', () => {});
    for (const socket of [client, hub]) socket.setNoDelay(true);
    const handlers = {
      onTruncate() {
        truncated += 1;
        connection.reset();
      },
      onDuplicate() {
        duplicated += 1;
      },
    };
    function onClientFrame({ closeCode }: Frame) {
      if (closeCode === CloseCode.normal) normalCloses += 1;
    }
    function onHubFrame(frame: Frame) {
      if (frame.isData) onHubMessage(frame);
      if (frame.closeCode === null) return;
      hubClosed.resolve();
      hubClosed = Promise.withResolvers();
    }
    const relays = [
      createRelay('upstream', [client, hub], faults, prng.fork('upstream'), {
        ...handlers,
        onForwarded: onClientFrame,
      }),
      createRelay('downstream', [hub, client], faults, prng.fork('downstream'), {
        ...handlers,
        onForwarded: onHubFrame,
      }),
    ];
    function release() {
      connections.delete(connection);
      lost.delete(connection);
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
      discard() {
        lost.add(connection);
        for (const relay of relays) relay.discard();
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

  /** Makes the lost connections half-open: the client notices, the hub still does not. */
  function closeBlackHole() {
    for (const connection of lost) connection.halfOpen();
  }

  function resetConnections() {
    for (const connection of connections) connection.reset();
  }

  function releaseHolds() {
    for (const hold of holds) hold.release();
  }

  return {
    port,
    faults,
    /** The port of the hub to which the latest connection was made. */
    get latestHubPort() {
      return latestHubPort;
    },
    /** The number of messages duplicated so far. */
    get duplicated() {
      return duplicated;
    },
    /** The number of messages truncated so far. */
    get truncated() {
      return truncated;
    },
    /** The number of close frames with code 1000 that the hub has received. */
    get normalCloses() {
      return normalCloses;
    },
    /** Resolves once the client has received a close frame from the hub. */
    waitForHubClose: () => hubClosed.promise,
    countConnections: () => connections.size,
    resetConnections,
    /** Makes every connection half-open: the client's end is reset, the hub's end receives nothing more. */
    halfOpenConnections() {
      for (const connection of connections) connection.halfOpen();
    },
    closeHalfOpen,
    /** Discards everything on the current connections. */
    openBlackHole() {
      for (const connection of connections) connection.discard();
    },
    closeBlackHole,
    stall() {
      faults.stall ??= Promise.withResolvers();
    },
    resume,
    /** Resets every connection and refuses new ones. */
    block() {
      isBlocked = true;
      resetConnections();
    },
    unblock() {
      isBlocked = false;
    },
    /** Truncates the next message in a direction and resets its connection. */
    truncateNext(direction: Direction) {
      faults.truncate = direction;
    },
    /** Holds the next message that matches, and everything after it in its direction. */
    holdNext(direction: Direction, matches: MessageHold['matches']): PendingHold {
      const held = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const hold: MessageHold = {
        direction,
        matches,
        onHeld: held.resolve,
        released: released.promise,
      };
      faults.hold = hold;
      const pending: PendingHold = {
        held: held.promise,
        release() {
          if (faults.hold === hold) faults.hold = null;
          released.resolve();
          holds.delete(pending);
        },
      };
      holds.add(pending);
      return pending;
    },
    /** Ends all faults. */
    clearFaults() {
      Object.assign(faults, { delayMs: 0, isFragmented: false, duplicates: 0, truncate: null });
      isBlocked = false;
      releaseHolds();
      resume();
      closeBlackHole();
      closeHalfOpen();
    },
    close() {
      releaseHolds();
      resume();
      resetConnections();
      closeHalfOpen();
      server.close();
    },
  };
}

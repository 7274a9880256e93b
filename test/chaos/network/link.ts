// A TCP proxy between one hub and a server that it depends on: the database or the bus. It cuts, delays and stops what passes.
import { connect, createServer, type Socket } from 'node:net';
import { wait } from '../wait.ts';

/** Which connections of a hub a fault affects: of the bus only those that pass the database, or only the one that listens. */
export type LinkPart = 'all' | 'bus' | 'listener';

interface Connection {
  client: Socket;
  server: Socket;
  isBus: boolean;
  isListener: boolean;
}

/** How much of a connection is searched for what it is. */
const SEARCHED_BYTES = 16_384;

const isPart = ({ isBus, isListener }: Connection, part: LinkPart): boolean =>
  part === 'all' || (part === 'bus' ? isBus : isListener);

export type Link = Awaited<ReturnType<typeof openLink>>;

/** @param serverPort the port of the server on the loopback interface */
export async function openLink(serverPort: number) {
  const connections = new Set<Connection>();
  let delay: { ms: number; part: LinkPart } | null = null;
  let stall: (PromiseWithResolvers<void> & { part: LinkPart }) | null = null;
  let isBlocked = false;

  /** Forwards in order, subject to the current faults. Without any, at once. */
  function relay(
    connection: Connection,
    from: Socket,
    to: Socket,
    onData: (bytes: Buffer) => void,
  ) {
    let last: Promise<void> | null = null;

    function write(bytes: Buffer) {
      if (to.destroyed || to.write(bytes)) return;
      from.pause();
      to.once('drain', () => from.resume());
    }

    function inOrder(act: () => void) {
      const delayMs = delay && isPart(connection, delay.part) ? delay.ms : 0;
      const isStalled = stall !== null && isPart(connection, stall.part);
      if (!last && !isStalled && delayMs === 0) return act();
      const dueAt = Date.now() + delayMs;
      const current = (last ?? Promise.resolve()).then(async () => {
        if (stall && isPart(connection, stall.part)) await stall.promise;
        const remainingMs = dueAt - Date.now();
        if (remainingMs > 0) await wait(remainingMs);
        act();
        if (last === current) last = null;
      });
      last = current;
    }

    from.on('data', (bytes: Buffer) => {
      onData(bytes);
      inOrder(() => write(bytes));
    });
    from.on('close', () => inOrder(() => to.destroy()));
    from.on('error', () => {});
  }

  const listening = createServer((client) => {
    if (isBlocked) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: serverPort });
    for (const socket of [client, server]) socket.setNoDelay(true);
    const connection: Connection = { client, server, isBus: false, isListener: false };
    let searched = 0;
    connections.add(connection);
    relay(connection, client, server, (bytes) => {
      if (searched > SEARCHED_BYTES) return;
      searched += bytes.length;
      if (bytes.includes('LISTEN')) connection.isListener = true;
      if (connection.isListener || bytes.includes('bus_messages')) connection.isBus = true;
    });
    relay(connection, server, client, () => {});
    client.on('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();

  function cut(part: LinkPart = 'all'): number {
    const cutOff = [...connections].filter((connection) => isPart(connection, part));
    for (const { client, server } of cutOff) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    return cutOff.length;
  }

  function resume() {
    stall?.resolve();
    stall = null;
  }

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    /** Resets connections. Returns how many. */
    cut,
    /** Resets all connections, and refuses new ones. */
    block() {
      isBlocked = true;
      cut();
    },
    /** Delays all bytes in both directions until `clearFaults`. */
    delay(ms: number, part: LinkPart = 'all') {
      delay = { ms, part };
    },
    /** Forwards nothing until `clearFaults`, on connections that stay open. */
    stall(part: LinkPart = 'all') {
      stall ??= { ...Promise.withResolvers<void>(), part };
    },
    clearFaults() {
      isBlocked = false;
      delay = null;
      resume();
    },
    close() {
      resume();
      cut();
      listening.close();
    },
  };
}

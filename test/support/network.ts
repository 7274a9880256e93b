// A network between a client and a server on loopback that can be slow, and whose connections can be cut, or die silently.
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Connection {
  client: Socket;
  server: Socket;
  /** What the client has sent first. */
  sent: string;
  /** Resolves when what the server has sent is delivered. */
  delivered: Promise<void>;
}

export type Network = Awaited<ReturnType<typeof startNetwork>>;

/** How much is remembered of what a client has sent. */
const MAX_SENT = 10_000;

/** Starts a proxy for a server. */
export async function startNetwork(serverPort: number) {
  const connections = new Set<Connection>();
  let state: 'up' | 'down' | 'silent' = 'up';
  let delayMs = 0;

  const proxy = createServer((client) => {
    if (state === 'down') {
      client.destroy();
      return;
    }
    const server = connect(serverPort, '127.0.0.1');
    const connection = { client, server, sent: '', delivered: Promise.resolve() };
    connections.add(connection);
    client.on('data', (data) => {
      if (connection.sent.length < MAX_SENT) connection.sent += data.toString('latin1');
      server.write(data);
    });
    server.on('data', (data: Buffer) => deliver(connection, data));
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // Lost connections are what the tests are about.
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        connections.delete(connection);
      });
    }
    if (state === 'silent') pause(connection);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();

  /** Delivers data of the server in time, and in order. */
  function deliver(connection: Connection, data: Buffer) {
    const dueAt = performance.now() + delayMs;
    connection.delivered = connection.delivered.then(async () => {
      const left = dueAt - performance.now();
      if (left > 0) await delay(left);
      connection.client.write(data);
    });
  }

  function pause({ client, server }: Connection) {
    client.pause();
    server.pause();
  }

  function cut() {
    for (const { client, server } of connections) {
      client.destroy();
      server.destroy();
    }
  }

  /**
   * Delivers nothing more on the open connections, which stay open.
   * @param text only on those whose client has sent this
   * @returns how many there were
   */
  function silence(text = ''): number {
    const chosen = [...connections].filter(({ sent }) => sent.includes(text));
    chosen.forEach(pause);
    return chosen.length;
  }

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    /** Ends all connections, and refuses others. */
    goDown() {
      state = 'down';
      cut();
    },
    /** Delivers nothing more. Connections stay open, and others are accepted. */
    goSilent() {
      state = 'silent';
      silence();
    },
    /** Works again. What was sent meanwhile is delivered. */
    comeUp() {
      state = 'up';
      for (const { client, server } of connections) {
        client.resume();
        server.resume();
      }
    },
    /** Delivers what the server sends so many milliseconds later. */
    slowDown: (ms: number) => void (delayMs = ms),
    silence,
    close() {
      proxy.close();
      cut();
    },
  };
}

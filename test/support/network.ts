// A network between a client and a server on loopback whose connections can be cut, or die silently.
import { connect, createServer, type Socket } from 'node:net';

interface Connection {
  client: Socket;
  server: Socket;
  /** What the client has sent first. */
  sent: string;
}

export type Network = Awaited<ReturnType<typeof startNetwork>>;

/** How much is remembered of what a client has sent. */
const MAX_SENT = 10_000;

/** Starts a proxy for a server. */
export async function startNetwork(serverPort: number) {
  const connections = new Set<Connection>();
  let isDown = false;

  const proxy = createServer((client) => {
    if (isDown) {
      client.destroy();
      return;
    }
    const server = connect(serverPort, '127.0.0.1');
    const connection = { client, server, sent: '' };
    connections.add(connection);
    client.on('data', (data) => {
      if (connection.sent.length < MAX_SENT) connection.sent += data.toString('latin1');
      server.write(data);
    });
    server.on('data', (data) => client.write(data));
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
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();

  function cut() {
    for (const { client, server } of connections) {
      client.destroy();
      server.destroy();
    }
  }

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    /** Ends all connections, and refuses others. */
    goDown() {
      isDown = true;
      cut();
    },
    comeUp: () => (isDown = false),
    /**
     * Delivers nothing more on the open connections, which stay open.
     * @param text only on those whose client has sent this
     * @returns how many there were
     */
    silence(text = ''): number {
      const chosen = [...connections].filter(({ sent }) => sent.includes(text));
      for (const { client, server } of chosen) {
        client.pause();
        server.pause();
      }
      return chosen.length;
    },
    close() {
      proxy.close();
      cut();
    },
  };
}

// A network between a store and a PostgreSQL server that fails while a transaction is being committed.
import { connect, createServer, type Socket } from 'node:net';

/** What happens to the next COMMIT: its answer is lost, or it is lost itself, or it arrives after the connection was lost. */
type Fault = 'answer lost' | 'lost' | 'late';

export type CommitProxy = Awaited<ReturnType<typeof startCommitProxy>>;

/** Starts a proxy for a server on loopback. */
export async function startCommitProxy(serverPort: number) {
  let fault: Fault | null = null;
  let deliver = () => {};
  const sockets = new Set<Socket>();

  const proxy = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      // Lost connections are what the tests are about.
      from.on('error', () => undefined);
      from.on('close', () => to.end());
    }
    server.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      if (fault === null || !data.includes('COMMIT')) {
        server.write(data);
        return;
      }
      server.removeAllListeners('data');
      client.removeAllListeners('close');
      switch (fault) {
        case 'answer lost':
          server.once('data', () => client.destroy());
          server.write(data);
          break;
        case 'lost':
          client.destroy();
          server.destroy();
          break;
        case 'late':
          client.destroy();
          deliver = () => server.write(data);
          break;
        default:
          fault satisfies never;
      }
      fault = null;
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();

  return {
    port: typeof address === 'object' && address ? address.port : 0,
    /** Chooses what happens to the next COMMIT. */
    failNextCommit(chosen: Fault) {
      fault = chosen;
    },
    /** Delivers a COMMIT that is late. */
    deliver: () => deliver(),
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

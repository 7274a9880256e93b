// Finds ports for servers that tests start, stop and start again.
import { createServer } from 'node:net';

/** Below the ports that Linux uses for outgoing connections, so that a port stays free while its server restarts. */
const FIRST_PORT = 12_000;
const PORT_COUNT = 18_000;

/** Returns a port of the loopback interface that no server uses. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

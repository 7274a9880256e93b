// A NATS server of its own for tests: in a temporary folder, on a free port of the loopback interface. `make nats` installs
// it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createTemporaryFolder } from './temporary-folder.ts';

const READY = 'Server is ready';
const LISTENING = /Listening for client connections on 127\.0\.0\.1:(\d+)/;
/** The server ends with the tests, however they end. */
const PREFIX = ['setpriv', '--pdeathsig', 'KILL'];
/** The port that makes the server choose one. */
const ANY_PORT = -1;

export type NatsServer = Awaited<ReturnType<typeof startNats>>;

/** Starts a server. `remove` it after the tests. @param config in the syntax of the server's configuration files */
export async function startNats(config = '') {
  const folder = createTemporaryFolder();
  const file = join(folder.path, 'nats.conf');
  writeFileSync(file, config);
  let port = ANY_PORT;
  let server = await launch();

  async function launch() {
    const options = ['--config', file, '--addr', '127.0.0.1', '--port', String(port)];
    const child = Bun.spawn([...PREFIX, 'nats-server', ...options], {
      cwd: folder.path,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const log: string[] = [];
    const lines = createInterface(Readable.fromWeb(child.stderr as never));
    const ready = Promise.withResolvers<void>();
    lines.on('line', (line) => {
      log.push(line);
      port = Number(LISTENING.exec(line)?.[1] ?? port);
      if (line.includes(READY)) ready.resolve();
    });
    lines.on('close', () => ready.reject(new Error(`NATS did not start:\n${log.join('\n')}`)));
    await ready.promise;
    return child;
  }

  async function stop(): Promise<void> {
    server.kill('SIGKILL');
    await server.exited;
  }

  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    /** Ends the server as a crash does. */
    stop,
    /** Starts it again after `stop`, on the same port. */
    async start(): Promise<void> {
      server = await launch();
    },
    /** Stops the process where it is: connections stay open, and nothing is answered. */
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    /** Stops the server and deletes its folder. */
    async remove(): Promise<void> {
      await stop();
      folder.remove();
    },
  };
}

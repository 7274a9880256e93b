// A PostgreSQL server of its own for tests: in a temporary folder, on a free port of the loopback interface. `make
// postgres` installs its programs.
import { SQL } from 'bun';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

/** Where Debian installs the server, which is not in the PATH. */
const DEBIAN_BIN = '/usr/lib/postgresql/15/bin';
const READY = 'database system is ready to accept connections';
/** A role that needs a password. */
const LOCKED = { name: 'locked', password: 'open sesame' };
/** The only role without a password is the superuser, and only on loopback. */
const ACCESS = `
host all ${LOCKED.name} 127.0.0.1/32 scram-sha-256
host all postgres 127.0.0.1/32 trust
`;

export type PostgresServer = Awaited<ReturnType<typeof startPostgres>>;

/** Starts an empty server. `stop` and `remove` it after the tests. */
export async function startPostgres() {
  const bin = findPrograms();
  const account = process.getuid?.() === 0 ? 'postgres' : null;
  // PostgreSQL refuses to run as root.
  const prefix = account
    ? ['setpriv', '--reuid', account, '--regid', account, '--clear-groups', '--pdeathsig', 'INT']
    : [];
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-postgres-'));
  if (account) chownSync(folder, idOf('-u', account), idOf('-g', account));
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  run([
    ...prefix,
    join(bin, 'initdb'),
    `--pgdata=${data}`,
    '--username=postgres',
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    // Sorts texts as people do, so that tests find queries that depend on the order of bytes.
    '--locale-provider=icu',
    '--icu-locale=en-US',
  ]);
  writeFileSync(join(data, 'pg_hba.conf'), ACCESS);
  const port = await findFreePort();
  let server = await launch();

  async function launch() {
    const child = Bun.spawn(
      [
        ...prefix,
        join(bin, 'postgres'),
        `-D${data}`,
        `-p${port}`,
        `-k${folder}`,
        '--listen_addresses=127.0.0.1',
        '--lc_messages=C',
      ],
      { cwd: folder, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
    );
    const log: string[] = [];
    const lines = createInterface(Readable.fromWeb(child.stderr as never));
    const ready = Promise.withResolvers<void>();
    lines.on('line', (line) => {
      log.push(line);
      if (line.includes(READY)) ready.resolve();
    });
    lines.on('close', () =>
      ready.reject(new Error(`PostgreSQL did not start:\n${log.join('\n')}`)),
    );
    await ready.promise;
    return child;
  }

  /** The processes of the server: that which listens, and one for each connection. */
  function listProcesses(): number[] {
    const task = `/proc/${server.pid}/task/${server.pid}/children`;
    if (!existsSync(task)) return [];
    const children = readFileSync(task, 'utf8').trim().split(' ').filter(Boolean);
    return [server.pid, ...children.map(Number)];
  }

  const signal = (name: NodeJS.Signals) => {
    for (const pid of listProcesses()) {
      try {
        process.kill(pid, name);
      } catch {
        // A connection has ended meanwhile.
      }
    }
  };

  const urlOf = (database: string, user = 'postgres') =>
    `postgres://${user}@127.0.0.1:${port}/${database}`;
  let count = 0;

  /** Runs a statement as the superuser. */
  async function execute<Row>(statement: string, url = urlOf('postgres')): Promise<Row[]> {
    const sql = new SQL(url, { max: 1 });
    try {
      return await sql.unsafe<Row[]>(statement);
    } finally {
      await sql.close();
    }
  }

  return {
    port,
    execute,
    /** The URL of the same database without a proxy. */
    urlOf: (url: string) => urlOf(nameOf(url)),
    /**
     * Creates a database, and returns its URL.
     * @param original the URL of a database without connections; the new one is a copy, or else empty
     */
    async createDatabase(original?: string): Promise<string> {
      count += 1;
      const name = `test_${count}`;
      const template = original === undefined ? 'template1' : nameOf(original);
      await execute(`CREATE DATABASE ${name} TEMPLATE ${template}`);
      return urlOf(name);
    },
    async removeDatabase(url: string): Promise<void> {
      await execute(`DROP DATABASE ${nameOf(url)} WITH (FORCE)`);
    },
    /** Creates a role that needs a password, and returns its URL without the password. */
    async createLockedRole(): Promise<{ url: string; password: string }> {
      await execute(`CREATE ROLE ${LOCKED.name} LOGIN PASSWORD '${LOCKED.password}'`);
      return { url: urlOf('postgres', LOCKED.name), password: LOCKED.password };
    },
    /** Ends the server as an administrator does: connections are closed, and what was committed is kept. */
    async stop(): Promise<void> {
      server.kill('SIGINT');
      await server.exited;
    },
    /** Ends the server as a crash does. */
    async crash(): Promise<void> {
      server.kill('SIGQUIT');
      await server.exited;
    },
    /** Starts it again after `stop` or `crash`, on the same port. */
    async start(): Promise<void> {
      server = await launch();
    },
    /** Stops all its processes where they are: connections stay open, and nothing is answered. */
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    /** Stops the server and deletes its folder. */
    async remove(): Promise<void> {
      signal('SIGCONT');
      server.kill('SIGQUIT');
      await server.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findPrograms(): string {
  if (existsSync(join(DEBIAN_BIN, 'initdb'))) return DEBIAN_BIN;
  return run(['pg_config', '--bindir']).trim();
}

/** The name of the database of a URL. */
const nameOf = (url: string) => new URL(url).pathname.slice(1);

const idOf = (flag: '-u' | '-g', account: string) => Number(run(['id', flag, account]));

function run(command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: '/' });
  if (exitCode === 0) return stdout.toString();
  throw new Error(`${command.join(' ')} failed:\n${stderr.toString()}`);
}

function findFreePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) =>
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => resolve(port));
    }),
  );
}

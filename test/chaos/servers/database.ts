// The PostgreSQL server of a run. It is started once, and every round has a database of its own.
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';

export interface DatabaseServer {
  port: number;
  /** Creates a database, and returns its name. */
  createDatabase(): Promise<string>;
  removeDatabase(name: string): Promise<void>;
  /** Ends the server as an administrator does, or as a crash does, and starts it again. */
  restart(how: 'stop' | 'crash'): Promise<void>;
}

const urlOf = (port: number, name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`;

/** Starts a server. `remove` it after the run. */
export async function startDatabaseServer(): Promise<
  DatabaseServer & Pick<PostgresServer, 'remove'>
> {
  const postgres = await startPostgres();
  return {
    port: postgres.port,
    createDatabase: async () => new URL(await postgres.createDatabase()).pathname.slice(1),
    removeDatabase: (name) => postgres.removeDatabase(urlOf(postgres.port, name)),
    async restart(how) {
      await (how === 'stop' ? postgres.stop() : postgres.crash());
      await postgres.start();
    },
    remove: postgres.remove,
  };
}

/** What the process of a round asks of the process of the run, which owns the server. */
type Request =
  | { method: 'createDatabase' }
  | { method: 'removeDatabase'; name: string }
  | { method: 'restart'; how: 'stop' | 'crash' };
export type Call = { id: number; request: Request };
interface Answer {
  id: number;
  value: string | null;
  error: string | null;
}

/** Does what a round asks for. */
export async function answerRound(server: DatabaseServer, call: Call): Promise<Answer> {
  const { id, request } = call;
  try {
    return { id, value: (await perform(server, request)) ?? null, error: null };
  } catch (error) {
    return { id, value: null, error: String(error) };
  }
}

function perform(server: DatabaseServer, request: Request): Promise<string | void> {
  switch (request.method) {
    case 'createDatabase':
      return server.createDatabase();
    case 'removeDatabase':
      return server.removeDatabase(request.name);
    case 'restart':
      return server.restart(request.how);
    default:
      request satisfies never;
      throw new Error('Unknown call.');
  }
}

/** The server as the process of a round sees it. */
export function connectToRun(port: number): DatabaseServer {
  const pending = new Map<number, PromiseWithResolvers<string | null>>();
  let count = 0;
  process.on('message', ({ id, value, error }: Answer) => {
    const call = pending.get(id);
    pending.delete(id);
    if (error === null) call?.resolve(value);
    else call?.reject(new Error(error));
  });

  function ask(request: Request) {
    count += 1;
    const answer = Promise.withResolvers<string | null>();
    pending.set(count, answer);
    process.send?.({ id: count, request } satisfies Call);
    return answer.promise;
  }

  return {
    port,
    createDatabase: async () => (await ask({ method: 'createDatabase' })) ?? '',
    async removeDatabase(name) {
      await ask({ method: 'removeDatabase', name });
    },
    async restart(how) {
      await ask({ method: 'restart', how });
    },
  };
}

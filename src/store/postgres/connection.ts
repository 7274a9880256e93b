// One connection to a PostgreSQL server. Bun's client and not the `postgres` package: both passed the same trials (lost
// and frozen servers, parameters), and Bun's needs about half the CPU time and no dependency. Each client has one connection,
// because Bun's pool has no timeout for queries.
import { SQL } from 'bun';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type { DatabaseAddress } from './address.ts';
import { toDatabaseError, unreachable } from './errors.ts';

export interface Timeouts {
  /** Until a connection is open. */
  connectMs: number;
  /** Until the server ends a statement. */
  statementMs: number;
  /** Until a statement without an answer is given up, and its connection with it. Longer than `statementMs`. */
  answerMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5_000,
  statementMs: 10_000,
  answerMs: 12_000,
};

/** Columns are snake_case in SQL and camelCase in TypeScript. */
export type Db = ReturnType<typeof createQueryBuilder>;

export type Connection = Awaited<ReturnType<typeof connect>>;

/** Settings of each session. */
const SETTINGS = {
  application_name: 'signalbox',
  // A commit is durable when it is confirmed, whatever the server's default is.
  synchronous_commit: 'on',
  // The best plan for a search depends on the text.
  plan_cache_mode: 'force_custom_plan',
  // A hub that hangs must not hold its locks.
  idle_in_transaction_session_timeout: '60000',
};

/**
 * Opens a connection.
 * @throws {DatabaseError} if that fails
 */
export async function connect({ url, password, name }: DatabaseAddress, timeouts: Timeouts) {
  let isOpen = true;
  const client = new SQL({
    url,
    max: 1,
    ...(password !== undefined && { password }),
    connectionTimeout: timeouts.connectMs / 1_000,
    idleTimeout: 0,
    maxLifetime: 0,
    connection: { ...SETTINGS, statement_timeout: String(timeouts.statementMs) },
    onclose: () => (isOpen = false),
  });

  /** Ends the connection at once. Queries without an answer fail. */
  async function close() {
    isOpen = false;
    // Without a connection, there is nothing to close.
    await client.close({ timeout: 0 }).catch(() => undefined);
  }

  /** @param send starts a query */
  async function answer<T>(send: () => PromiseLike<T>, answerMs: number): Promise<T> {
    if (!isOpen) throw unreachable(`The connection to ${name} has ended.`);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      void close();
    }, answerMs);
    try {
      return await send();
    } catch (error) {
      if (isLate) throw unreachable(`${name} has not answered for ${answerMs / 1_000} s.`);
      throw toDatabaseError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  try {
    // Bun would open another connection for the next query if this one were lost, with a transaction half done.
    const session = await client.reserve({ signal: AbortSignal.timeout(timeouts.connectMs) });
    const query = (sql: string, params: readonly unknown[]) =>
      answer(() => session.unsafe(sql, [...params]).values(), timeouts.answerMs);
    return {
      name,
      db: createQueryBuilder(query),
      get isOpen() {
        return isOpen;
      },
      /** Runs one statement without parameters. Returns its tag, such as `COMMIT`. */
      async execute(sql: string): Promise<string> {
        const { command } = await answer(() => session.unsafe(sql), timeouts.answerMs);
        return String(command);
      },
      /** Runs a script of several statements, however long it takes, up to `answerMs`. */
      async runScript(sql: string, answerMs: number): Promise<void> {
        await answer(() => session.unsafe(sql).simple(), answerMs);
      },
      close,
    };
  } catch (error) {
    await close();
    if (error instanceof DOMException) throw unreachable(`${name} does not answer.`);
    if (error instanceof SQL.PostgresError) throw toDatabaseError(error);
    // TLS failed, for example.
    throw unreachable(error instanceof Error ? error.message : String(error));
  }
}

function createQueryBuilder(
  query: (sql: string, params: readonly unknown[]) => Promise<unknown[][]>,
) {
  return drizzle(async (sql, params: unknown[]) => ({ rows: await query(sql, params) }), {
    casing: 'snake_case',
  });
}

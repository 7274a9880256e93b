// The connections that read. A query has one for itself, so that it does not wait behind a slow one, and each answers one
// query at a time.
import pLimit from 'p-limit';
import type { DatabaseAddress } from './address.ts';
import { connect, type Connection, type Db, type Timeouts } from './connection.ts';
import { QUERY_CANCELED, DatabaseError, toDatabaseError } from './errors.ts';
import { type Backoff, createReconnector } from './reconnect.ts';

/** For short queries and searches together. */
const CONNECTIONS = 4;
/** The searches at once: they can take seconds. */
const SEARCHES = 2;

export type Pool = ReturnType<typeof createPool>;

/** @param connections the connections, which are opened when they are needed */
export function createPool(
  address: DatabaseAddress,
  timeouts: Timeouts,
  backoff: Backoff,
  connections = CONNECTIONS,
) {
  const slots = Array.from({ length: connections }, () =>
    createReconnector(() => connect(address, timeouts), backoff),
  );
  const free = [...slots];
  const limit = pLimit(connections);
  const limitSearches = pLimit(SEARCHES);

  function use<T>(query: (connection: Connection) => Promise<T>): Promise<T> {
    return limit(async () => {
      // The one that was used last is most likely open.
      const slot = free.pop();
      if (!slot) throw new Error('There are more queries than connections.');
      try {
        return await query(await slot.get());
      } catch (error) {
        throw toDatabaseError(error);
      } finally {
        free.push(slot);
      }
    });
  }

  /** @param begin starts the transaction */
  function useTransaction<T>(begin: readonly string[], query: (db: Db) => Promise<T>): Promise<T> {
    return use(async (connection) => {
      try {
        for (const statement of begin) await connection.execute(statement);
        const result = await query(connection.db);
        await connection.execute('COMMIT');
        return result;
      } catch (error) {
        await connection.execute('ROLLBACK').catch(connection.close);
        throw error;
      }
    });
  }

  return {
    /** Runs a query. */
    read: <T>(query: (db: Db) => Promise<T>): Promise<T> => use(({ db }) => query(db)),
    /** Runs queries on one state of the database. */
    readTogether: <T>(query: (db: Db) => Promise<T>): Promise<T> =>
      useTransaction(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'], query),
    /** Runs a query for at most so long. Returns null if it takes longer. */
    async readWithin<T>(milliseconds: number, query: (db: Db) => Promise<T>): Promise<T | null> {
      const begin = ['BEGIN READ ONLY', `SET LOCAL statement_timeout = ${Math.ceil(milliseconds)}`];
      try {
        return await useTransaction(begin, query);
      } catch (error) {
        if (error instanceof DatabaseError && error.state === QUERY_CANCELED) return null;
        throw error;
      }
    },
    /** Runs a search, when few others are running. It reads with the other methods. */
    search: <T>(run: () => Promise<T>): Promise<T> => limitSearches(run),
    async close(): Promise<void> {
      await Promise.all(slots.map((slot) => slot.close()));
    },
  };
}

// The connection that writes. It has a row in the database with the number of its last commit, which tells a later
// connection whether a commit took effect whose answer was lost.
import { eq, lt, sql } from 'drizzle-orm';
import type { DatabaseAddress } from './address.ts';
import { databaseNow as now } from './columns.ts';
import { connect, type Db, type Timeouts } from './connection.ts';
import { DatabaseError } from './errors.ts';
import { writers } from './schema.ts';

/** How long the row of a connection is kept after its last commit. */
const KEEP_MS = 86_400_000;

/**
 * How long a transaction waits for its next statement. A hub that hangs loses its locks after this time: others that claim
 * its agents wait for them, for less than the time of a statement.
 */
const IDLE_MS = 5_000;

/** SQLSTATE of a transaction that was rolled back. */
const ROLLED_BACK = '40000';

export interface WriterSession {
  readonly id: string;
  readonly db: Db;
  readonly isOpen: boolean;
  /** Starts a transaction. Returns its number. */
  begin(): Promise<number>;
  /**
   * Commits the transaction.
   * @throws if it was not committed, or with a lost connection
   */
  commit(): Promise<void>;
  /** Ends the transaction, or the connection if that fails. */
  rollBack(): Promise<void>;
  /**
   * Waits for the transaction of another writer, and prevents further ones.
   * @returns the number of its last commit; null if the database does not know it, because it is another one
   */
  endOther(writerId: string): Promise<number | null>;
  /** Notes that it is not used anymore, and ends the connection. */
  close(): Promise<void>;
  /** Ends the connection at once. */
  abort(): Promise<void>;
}

export async function openWriterSession(
  address: DatabaseAddress,
  timeouts: Timeouts,
): Promise<WriterSession> {
  const connection = await connect(address, timeouts);
  const { db, close: abort } = connection;
  const id = crypto.randomUUID();
  let commits = 0;
  try {
    await connection.execute(`SET idle_in_transaction_session_timeout = ${IDLE_MS}`);
    await db.delete(writers).where(lt(writers.usedAt, sql`${now} - ${KEEP_MS}::bigint`));
    await db.insert(writers).values({ id, commits, isEnded: false, usedAt: now });
  } catch (error) {
    await abort();
    throw error;
  }
  return {
    id,
    db,
    get isOpen() {
      return connection.isOpen;
    },
    async begin() {
      commits += 1;
      try {
        await connection.execute('BEGIN');
        await db.execute(sql`SELECT start_commit(${id}, ${commits})`);
        return commits;
      } catch (error) {
        await abort();
        throw error;
      }
    },
    async commit() {
      const tag = await connection.execute('COMMIT');
      if (tag === 'COMMIT') return;
      throw new DatabaseError('The transaction was rolled back.', 'refused', ROLLED_BACK);
    },
    async rollBack() {
      await connection.execute('ROLLBACK').catch(abort);
    },
    async endOther(writerId) {
      const [other] = await db
        .update(writers)
        .set({ isEnded: true })
        .where(eq(writers.id, writerId))
        .returning({ commits: writers.commits });
      return other?.commits ?? null;
    },
    async close() {
      const ended = db.update(writers).set({ isEnded: true }).where(eq(writers.id, id));
      // If this fails, others wait until it has not been used for a while.
      if (connection.isOpen) await ended.catch(() => undefined);
      await abort();
    },
    abort,
  };
}

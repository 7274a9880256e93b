// The two connections of a PostgreSQL bus, which begin and end together: one sends and reads, the other listens.
import { SQL } from 'bun';
import { sql } from 'drizzle-orm';
import type { DatabaseAddress } from '../store/postgres/address.ts';
import { connect, type Timeouts } from '../store/postgres/connection.ts';
import { toDatabaseError, unreachable } from '../store/postgres/errors.ts';
import type { Packed } from './postgres-packing.ts';
import type { Missed } from './postgres-receiver.ts';

/** Shorter than those of the store: what a bus cannot send soon is lost. */
const TIMEOUTS: Timeouts = { connectMs: 3_000, statementMs: 4_000, answerMs: 5_000 };

const CHANNEL = 'signalbox_bus';
/** Hubs that start together create the table one after the other. Any number that other programs are unlikely to use. */
const LOCK = 7_420_915_003;
/** How long a message is kept, and from when to when receivers look for those whose notification was lost. */
const KEEP_MS = 60_000;
const MISSED_AFTER_MS = 2_000;
const MISSED_UNTIL_MS = 10_000;

/** The messages that are too long for a notification. They are lost when the server crashes, as all others. */
const TABLE = `
  BEGIN;
  SELECT pg_advisory_xact_lock(${LOCK});
  CREATE UNLOGGED TABLE IF NOT EXISTS bus_messages (
    sender text NOT NULL,
    sequence bigint NOT NULL,
    topic text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (sender, sequence)
  );
  CREATE INDEX IF NOT EXISTS bus_messages_created_at ON bus_messages (created_at);
  COMMIT;
`;

export type PostgresLink = Awaited<ReturnType<typeof openPostgresLink>>;

/**
 * Opens the connections, and creates the table of the bus.
 * @param sender identifies the hub
 * @param onPayload called with each notification, those of the hub itself included
 * @throws {DatabaseError} if that fails
 */
export async function openPostgresLink(
  address: DatabaseAddress,
  sender: string,
  onPayload: (payload: string) => void,
) {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const connection = await connect(address, TIMEOUTS);
  const { db } = connection;
  const listener = new SQL({
    url: address.url,
    max: 1,
    ...(address.password !== undefined && { password: address.password }),
    connectionTimeout: TIMEOUTS.connectMs / 1_000,
    idleTimeout: 0,
    maxLifetime: 0,
    connection: { application_name: 'signalbox', idle_session_timeout: '0' },
    // Bun would connect again, but not soon enough, and without telling whether anything was lost.
    onclose: () => end(),
  });

  async function close(): Promise<void> {
    end();
    await connection.close();
    // Without a connection, there is nothing to close.
    await listener.close({ timeout: 0 }).catch(() => undefined);
  }

  async function query<Row>(statement: ReturnType<typeof sql>): Promise<Row[]> {
    try {
      return (await db.execute(statement)) as unknown as Row[];
    } catch (error) {
      end();
      throw toDatabaseError(error);
    }
  }

  async function listen(): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(unreachable(`${address.name} does not answer.`)),
      TIMEOUTS.connectMs,
    );
    try {
      await Promise.race([listener.listen(CHANNEL, onPayload), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  try {
    // Nothing that the bus writes has to survive a crash.
    await connection.execute('SET synchronous_commit = off');
    await connection.runScript(TABLE, TIMEOUTS.answerMs);
    await listen();
  } catch (error) {
    await close();
    throw toDatabaseError(error);
  }

  return {
    ended,
    close,
    /** Sends what `packMessages` has returned, in one transaction. */
    async send({ payloads, stored }: Packed): Promise<void> {
      const notify = sql`
        SELECT pg_notify(${CHANNEL}, payload)
        FROM json_array_elements_text(${JSON.stringify(payloads)}::text::json) AS payload
      `;
      if (stored.length === 0) {
        await query(notify);
        return;
      }
      await query(sql`
        WITH stored AS (
          INSERT INTO bus_messages (sender, sequence, topic, body)
          SELECT ${sender}, sequence, topic, body
          FROM json_to_recordset(${JSON.stringify(stored)}::text::json)
            AS message (sequence bigint, topic text, body text)
        )
        ${notify}
      `);
    },
    /** Reads the body of a message. Returns undefined if it is not stored. */
    async read(from: string, sequence: number): Promise<string | undefined> {
      const [row] = await query<[string]>(sql`
        SELECT body FROM bus_messages WHERE sender = ${from} AND sequence = ${sequence}
      `);
      return row?.[0];
    },
    /** The time of the server, for `listMissed`. */
    async readTime(): Promise<string> {
      const [row] = await query<[string]>(sql`SELECT clock_timestamp()::text`);
      if (!row) throw unreachable(`${address.name} has not sent its time.`);
      return row[0];
    },
    /** Lists stored messages of other hubs whose notification should have arrived, in the order of each sender. */
    async listMissed(since: string): Promise<Missed[]> {
      const rows = await query<[string, number, string]>(sql`
        SELECT sender, sequence::float8, topic FROM bus_messages
        WHERE created_at > greatest(${since}::timestamptz, clock_timestamp() - ${`${MISSED_UNTIL_MS} ms`}::interval)
          AND created_at < clock_timestamp() - ${`${MISSED_AFTER_MS} ms`}::interval
          AND sender <> ${sender}
        ORDER BY sender, sequence
      `);
      return rows.map(([from, sequence, topic]) => ({ sender: from, sequence, topic }));
    },
    /** Deletes messages that all have read who will. */
    async deleteOld(): Promise<void> {
      await query(sql`
        DELETE FROM bus_messages WHERE created_at < clock_timestamp() - ${`${KEEP_MS} ms`}::interval
      `);
    },
  };
}

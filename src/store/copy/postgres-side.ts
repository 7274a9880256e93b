// The PostgreSQL database of a copy.
import { getTableColumns, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { REQUEST_ID_TTL_MS } from '../../protocol/limits.ts';
import { parseAddress } from '../postgres/address.ts';
import { connect } from '../postgres/connection.ts';
import { migrate } from '../postgres/migrations.ts';
import { blockBytes } from '../postgres/output-purge.ts';
import { outputBlocks, transcripts } from '../postgres/schema.ts';
import { encodeText } from '../postgres/text-encoding.ts';
import { BATCH_ROWS, createBlockSizes, type Side } from './side.ts';
import type { CopiedTable, Row } from './tables.ts';

/** A batch takes less than a second. */
const TIMEOUTS = { connectMs: 5_000, statementMs: 300_000, answerMs: 310_000 };
/** A hub checks every 5 s whether it can write. */
const IN_USE_MS = 15_000;

/** Requests of the last 24 hours are known in the copy, too. */
const FILL_REQUEST_KEYS = `
  INSERT INTO request_keys (requested_by, request_id, command_id, requested_at)
  SELECT DISTINCT ON (requested_by, request_id) requested_by, request_id, id, requested_at FROM commands
  WHERE request_id IS NOT NULL AND requested_at > extract(epoch FROM clock_timestamp()) * 1000 - ${REQUEST_ID_TTL_MS}
  ORDER BY requested_by, request_id, requested_at DESC
  ON CONFLICT (requested_by, request_id) DO UPDATE SET command_id = excluded.command_id, requested_at = excluded.requested_at`;

/**
 * Opens a database, and creates or upgrades its tables.
 * @throws if a hub uses it
 */
export async function openPostgresSide(url: string, password: string | undefined): Promise<Side> {
  const address = parseAddress(url, password);
  const connection = await connect(address, TIMEOUTS);
  const { db, execute, close } = connection;
  const sizes = createBlockSizes((data) => blockBytes(data.byteLength));

  try {
    await migrate(connection, {
      onUpgrade() {},
      // The copy would not contain what a later version has added.
      onNewer(version) {
        throw new Error(
          `The database ${address.name} has schema version ${version}, which is that of a later version of Signalbox. Copy it with that version.`,
        );
      },
    });
    await execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const users = await db.execute(
      sql`SELECT 1 FROM writers WHERE NOT is_ended AND used_at > extract(epoch FROM now()) * 1000 - ${IN_USE_MS}::bigint`,
    );
    if (users.length > 0) {
      throw new Error(
        `A hub uses the database ${address.name}, or has been using it within the last ${IN_USE_MS / 1_000} s. Stop it, and try again.`,
      );
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    async read({ postgres: table, key, columns }: CopiedTable, after) {
      const all = getTableColumns(table);
      const position = key.map((name) => all[name] as PgColumn);
      const selected = Object.fromEntries(columns.map((name) => [name, all[name] as PgColumn]));
      const encode = (value: unknown) =>
        typeof value === 'string' ? sql`${encodeText(value)}` : sql`${value}::bigint`;
      return await db
        .select(selected)
        .from(table)
        .where(
          after &&
            sql`(${sql.join(position, sql`, `)}) > (${sql.join(
              key.map((name) => encode(after[name])),
              sql`, `,
            )})`,
        )
        .orderBy(...position)
        .limit(BATCH_ROWS);
    },
    async write({ postgres: table }, rows) {
      await db.insert(table).values(rows.map((row) => complete(row)));

      /** Adds what only PostgreSQL has. */
      function complete(row: Row): Row {
        if (table === outputBlocks) sizes.add(row);
        return table === transcripts ? { ...row, bytes: sizes.get(row) } : row;
      }
    },
    async commit() {
      await execute(FILL_REQUEST_KEYS);
      await execute('COMMIT');
      // The next queries need to know how the values are distributed.
      await execute('ANALYZE');
    },
    close,
  };
}

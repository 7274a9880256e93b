// The IDs of requests, so that no two hubs accept the same request (docs/protocol.md, "command:request").
import { sql } from 'drizzle-orm';
import { REQUEST_ID_TTL_MS } from '../../protocol/limits.ts';
import { REQUEST_KNOWN_CODE } from '../cluster.ts';
import type { StoredCommand } from '../store.ts';
import { databaseNow } from './columns.ts';
import type { Db } from './context.ts';
import { requestKeys } from './schema.ts';
import { encodeText } from './text-encoding.ts';

/** How many old keys are deleted for each new one. */
const PURGED_PER_KEY = 2;

/**
 * Stores the keys of commands that were requested with an ID, and deletes a few old ones.
 * @throws with `REQUEST_KNOWN_CODE` if one of them is known
 */
export async function insertRequestKeys(db: Db, rows: readonly StoredCommand[]): Promise<void> {
  const keys = rows.flatMap(({ id, requestedBy, requestId }) =>
    requestId === null
      ? []
      : { requested_by: encodeText(requestedBy), request_id: encodeText(requestId), id },
  );
  if (keys.length === 0) return;
  const oldest = sql`${databaseNow} - ${REQUEST_ID_TTL_MS}::bigint`;
  const inserted = (await db.execute(sql`
    WITH added AS (
      SELECT DISTINCT ON (requested_by, request_id) requested_by, request_id, id
      FROM json_to_recordset(${JSON.stringify(keys)}::text::json) AS key (requested_by text, request_id text, id text)
    ), purged AS (
      DELETE FROM ${requestKeys} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${requestKeys} AS old
        WHERE requested_at <= ${oldest} AND NOT EXISTS (
          SELECT 1 FROM added WHERE added.requested_by = old.requested_by AND added.request_id = old.request_id
        )
        ORDER BY requested_at LIMIT ${PURGED_PER_KEY * keys.length} FOR UPDATE SKIP LOCKED
      ))
    )
    INSERT INTO ${requestKeys} AS known (requested_by, request_id, command_id, requested_at)
    SELECT requested_by, request_id, id, ${databaseNow} FROM added
    ON CONFLICT (requested_by, request_id) DO UPDATE
      SET command_id = excluded.command_id, requested_at = excluded.requested_at
      WHERE known.requested_at <= ${oldest}
    RETURNING 1
  `)) as unknown as unknown[];
  if (inserted.length === keys.length) return;
  const message = 'A command was requested with this ID in the last 24 hours.';
  throw Object.assign(new Error(message), { code: REQUEST_KNOWN_CODE });
}

// Reads what is new in the output of many commands, for hubs that follow the output of others.
import { sql } from 'drizzle-orm';
import type { OutputPosition, StoredNews } from '../cluster.ts';
import type { StoredChunk } from '../store.ts';
import type { Db } from './context.ts';
import { output, outputBlocks } from './schema.ts';
import { decodeJson, decodeText, encodeText } from './text-encoding.ts';

/** The chunks of one command in one answer. If there are more, they are read in pages. */
const MAX_CHUNKS = 1_000;

/** One statement, so that all of it is one state of the database: rows become blocks meanwhile. */
export async function listOutputFrom(
  db: Db,
  positions: readonly OutputPosition[],
): Promise<StoredNews[]> {
  const wanted = JSON.stringify(
    positions.map(({ commandId, nextSequence }) => ({
      command_id: encodeText(commandId),
      next_sequence: nextSequence,
    })),
  );
  const rows = (await db.execute(sql`
    SELECT wanted.command_id,
      coalesce((
        SELECT block.next_sequence > wanted.next_sequence FROM ${outputBlocks} AS block
        WHERE block.command_id = wanted.command_id ORDER BY block.first_sequence DESC LIMIT 1
      ), false),
      (
        SELECT json_agg(json_build_object(
          'sequence', sequence, 'type', type, 'data', data, 'timestamp', "timestamp", 'offset', "offset", 'lostBytes', lost_bytes
        ) ORDER BY sequence)
        FROM (
          SELECT * FROM ${output} AS stored
          WHERE stored.command_id = wanted.command_id AND stored.sequence >= wanted.next_sequence
          ORDER BY sequence LIMIT ${MAX_CHUNKS}
        ) AS chunk
      )::text
    FROM json_to_recordset(${wanted}::text::json) AS wanted (command_id text COLLATE "C", next_sequence bigint)
  `)) as unknown as [commandId: string, isInBlock: boolean, chunks: string | null][];
  const next = new Map(
    positions.map(({ commandId, nextSequence }) => [encodeText(commandId), nextSequence]),
  );
  return rows.map(([commandId, isInBlock, text]) => {
    const chunks = text === null ? [] : (decodeJson(text) as StoredChunk[]);
    const isMissing = chunks[0] !== undefined && chunks[0].sequence !== next.get(commandId);
    const isMore = chunks.length === MAX_CHUNKS;
    return {
      commandId: decodeText(commandId),
      chunks,
      isElsewhere: isInBlock || isMissing || isMore,
    };
  });
}

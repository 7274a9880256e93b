// The output of commands. A few new chunks are rows, so that a commit is cheap and an agent's output is acknowledged soon.
// Once there are enough for a block, and when the command ends, compressed blocks take their place: a tenth of the text,
// where the server's own compression leaves a quarter.
import { and, desc, eq, lt, lte, sql } from 'drizzle-orm';
import {
  addSize,
  assertNew,
  createBlock,
  isBlock,
  type Size,
  sliceBlocks,
} from '../output-slicing.ts';
import type { Store, StoredChunk } from '../store.ts';
import { type Db, isNoneOf, isOneOf, type QueryContext } from './context.ts';
import { blockBytes, createPurge, freeBlocks } from './output-purge.ts';
import { createOutputReads, selectRows } from './output-reads.ts';
import { commands, output, outputBlocks as blocks, transcripts } from './schema.ts';
import { encodeJson } from './text-encoding.ts';

/** New output of a command, perhaps none, and the agent's next sequence. */
interface Append {
  commandId: string;
  chunks: readonly StoredChunk[];
  agentNextSequence: number;
  time: number;
}

/** The commands that are completed in one transaction after a crash. */
const COMPLETED_AT_ONCE = 50;

/** @param onBlock called after a block was stored */
export function createOutputStore(context: QueryContext, onBlock: () => void): Store['output'] {
  const { write, writeDeferred, writeTogether } = context;
  /** The size of the rows of commands with recent output, by commandId. */
  const sizes = new Map<string, Size>();
  const { purge, remove, use } = createPurge(context, (commandId) => sizes.delete(commandId));

  async function insertBlock(
    db: Db,
    commandId: string,
    chunks: readonly StoredChunk[],
    time: number,
  ) {
    const [before] = await db
      .select({ tail: blocks.tail, nextSequence: blocks.nextSequence })
      .from(blocks)
      .where(eq(blocks.commandId, commandId))
      .orderBy(desc(blocks.firstSequence))
      .limit(1);
    const block = createBlock(chunks, before);
    if (!block) return;
    await db.insert(blocks).values({ ...block, commandId });
    await db
      .delete(output)
      .where(and(eq(output.commandId, commandId), lt(output.sequence, block.nextSequence)));
    const bytes = blockBytes(block.data.byteLength);
    await touch(db, commandId, time, bytes);
    use(bytes);
  }

  /** Stores the rows of a command and new chunks as blocks. Returns the chunks that are too few for one. */
  async function insertBlocks(
    db: Db,
    commandId: string,
    added: readonly StoredChunk[],
    time: number,
  ) {
    const rows = await selectRows(db, commandId);
    assertNew(added, rows);
    const sliced = sliceBlocks([...rows, ...added]);
    for (const block of sliced.blocks) await insertBlock(db, commandId, block, time);
    return sliced.rest;
  }

  /** Replaces all rows of a command by blocks. */
  async function compress(db: Db, commandId: string, time: number) {
    sizes.delete(commandId);
    await insertBlock(db, commandId, await insertBlocks(db, commandId, [], time), time);
    onBlock();
  }

  /** Appends to several commands. What becomes no block is inserted with one statement. */
  async function append(db: Db, appends: readonly Append[]) {
    let rows: Append[] = [];
    /** The sizes with the rows that are not inserted yet. */
    const grown = new Map<string, Size>();

    async function insert() {
      if (rows.length > 0) await insertRows(db, rows);
      for (const [commandId, size] of grown) sizes.set(commandId, size);
      rows = [];
      grown.clear();
    }

    for (const one of appends) {
      const { commandId, chunks, time } = one;
      const before = grown.get(commandId) ?? sizes.get(commandId);
      // It is measured again if this fails.
      sizes.delete(commandId);
      if (chunks.length === 0) {
        rows.push(one);
        if (before) grown.set(commandId, before);
        continue;
      }
      const size = addSize(before ?? (await measureRows(db, commandId)), chunks);
      if (!isBlock(size)) {
        rows.push(one);
        grown.set(commandId, size);
        continue;
      }
      await insert();
      sizes.delete(commandId);
      const rest = await insertBlocks(db, commandId, chunks, time);
      const first = chunks[0]?.sequence ?? 0;
      await insertRows(db, [{ ...one, chunks: rest.filter(({ sequence }) => sequence >= first) }]);
      onBlock();
    }
    await insert();
  }

  return {
    append: (commandId, chunks, agentNextSequence, time) =>
      writeTogether(append, { commandId, chunks, agentNextSequence, time }),
    flush: () => write(() => Promise.resolve()),
    ...createOutputReads(context),
    complete: (commandId, time) => writeDeferred((db) => compress(db, commandId, time)),
    async completeExcept(commandIds, time) {
      let ids: string[] = [];
      do {
        await write(async (db) => {
          const found = await db
            .selectDistinct({ id: output.commandId })
            .from(output)
            .where(isNoneOf(output.commandId, commandIds))
            .limit(COMPLETED_AT_ONCE);
          ids = found.map(({ id }) => id);
          for (const id of ids) await compress(db, id, time);
        });
      } while (ids.length === COMPLETED_AT_ONCE);
    },
    removeBefore: (commandId, sequence) =>
      writeDeferred(async (db) => {
        sizes.delete(commandId);
        await freeBlocks(db, commandId, lte(blocks.nextSequence, sequence));
        await db
          .delete(output)
          .where(and(eq(output.commandId, commandId), lt(output.sequence, sequence)));
      }),
    remove: (commandId, time, reason, entry) =>
      write((db) => remove(db, [commandId], { time, reason, limit: null }), entry),
    purge,
  };
}

/** Notes that a command has more output. */
async function touch(db: Db, commandId: string, updatedAt: number, bytes: number) {
  const kept = { removedAt: null, removalReason: null, removalLimit: null };
  await db
    .insert(transcripts)
    .values({ commandId, bytes, updatedAt })
    .onConflictDoUpdate({
      target: transcripts.commandId,
      set: { bytes: sql`${transcripts.bytes} + ${bytes}::bigint`, updatedAt, ...kept },
    });
}

async function measureRows(db: Db, commandId: string): Promise<Size> {
  const [row] = await db
    .select({
      chunks: sql`count(*)`.mapWith(Number),
      length: sql`coalesce(sum(char_length(${output.data})), 0)`.mapWith(Number),
    })
    .from(output)
    .where(eq(output.commandId, commandId));
  return row ?? { chunks: 0, length: 0 };
}

/**
 * Inserts any number of chunks, and notes which commands have output, with one statement that is always the same. The
 * commands are named by an array, because the server would join a set of rows by reading the whole table, with the earlier
 * versions of rows that change often.
 */
async function insertRows(db: Db, appends: readonly Append[]) {
  const next: Record<string, number> = {};
  const touched = new Map<string, number>();
  for (const { commandId, chunks, agentNextSequence, time } of appends) {
    next[commandId] = agentNextSequence;
    if (chunks.length > 0) touched.set(commandId, time);
  }
  const transcript = [...touched].map(([commandId, time]) => ({ commandId, time }));
  const rows = appends.flatMap(({ commandId, chunks }) =>
    chunks.map((chunk) => ({ commandId, ...chunk })),
  );
  await db.execute(sql`
    WITH command AS (
      UPDATE commands SET agent_next_sequence = (${encodeJson(next)}::text::jsonb ->> id)::bigint
      WHERE ${isOneOf(commands.id, Object.keys(next))}
    ), transcript AS (
      INSERT INTO transcripts (command_id, bytes, updated_at) SELECT "commandId", 0, time
      FROM json_to_recordset(${encodeJson(transcript)}::text::json) AS touched ("commandId" text, time bigint)
      ON CONFLICT (command_id) DO UPDATE
        SET updated_at = excluded.updated_at, removed_at = NULL, removal_reason = NULL, removal_limit = NULL
    )
    INSERT INTO output (command_id, sequence, type, data, "timestamp", "offset", lost_bytes)
    SELECT "commandId", sequence, type, data, "timestamp", "offset", "lostBytes"
    FROM json_to_recordset(${encodeJson(rows)}::text::json)
      AS chunk ("commandId" text, sequence bigint, type text, data text, "timestamp" bigint, "offset" bigint, "lostBytes" bigint)
  `);
}

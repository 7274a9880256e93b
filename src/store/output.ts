// The output of commands. A few new chunks are rows, so that a commit is cheap and an agent's output is acknowledged soon.
// Once there are enough for a block, and when the command ends, compressed blocks take their place.
import { and, desc, eq, lt, lte, max, notInArray, sql } from 'drizzle-orm';
import { blockBytes, createPurge } from './output-purge.ts';
import { createOutputReads, selectRows } from './output-reads.ts';
import { firstSearchRow } from './output-search.ts';
import {
  addSize,
  assertNew,
  createBlock,
  isBlock,
  type Size,
  sliceBlocks,
} from './output-slicing.ts';
import type { QueryContext } from './query-context.ts';
import { commands, output, outputBlocks as blocks, transcripts } from './schema.ts';
import type { Store, StoredChunk } from './store.ts';

/** The commands that are completed in one transaction after a crash. */
const COMPLETED_AT_ONCE = 50;

/** @param onBlock called after a block was stored */
export function createOutputStore(context: QueryContext, onBlock = () => {}): Store['output'] {
  const { db, write, writeDeferred } = context;
  const reads = createOutputReads(context);
  /** The size of the rows of commands with recent output, by commandId. */
  const sizes = new Map<string, Size>();
  const insert = db
    .insert(output)
    .values({
      commandId: sql.placeholder('commandId'),
      sequence: sql.placeholder('sequence'),
      type: sql.placeholder('type'),
      data: sql.placeholder('data'),
      timestamp: sql.placeholder('timestamp'),
      offset: sql.placeholder('offset'),
      lostBytes: sql.placeholder('lostBytes'),
    })
    .prepare();
  const { purge, remove, freeBlocks } = createPurge(context, (commandId) =>
    sizes.delete(commandId),
  );

  function measureRows(commandId: string): Size {
    const length = sql<number>`coalesce(sum(length(${output.data})), 0)`;
    const row = db
      .select({ chunks: sql<number>`count(*)`, length })
      .from(output)
      .where(eq(output.commandId, commandId))
      .get();
    return row ?? { chunks: 0, length: 0 };
  }

  /** Notes that a command has output, and that more was added. */
  function touch(commandId: string, updatedAt: number, bytes = 0) {
    const kept = { removedAt: null, removalReason: null, removalLimit: null };
    db.insert(transcripts)
      .values({ commandId, bytes, updatedAt })
      .onConflictDoUpdate({
        target: transcripts.commandId,
        set: { bytes: sql`${transcripts.bytes} + ${bytes}`, updatedAt, ...kept },
      })
      .run();
  }

  /** The number of the next block of a command in the search index. */
  function nextSearchRow(commandId: string): number | null {
    const command = db
      .select({ row: commands.row })
      .from(commands)
      .where(eq(commands.id, commandId))
      .get();
    if (!command) return null;
    const last = db
      .select({ row: max(blocks.searchRow) })
      .from(blocks)
      .where(eq(blocks.commandId, commandId))
      .get();
    return (last?.row ?? firstSearchRow(command.row) - 1) + 1;
  }

  function insertBlock(commandId: string, chunks: readonly StoredChunk[], time: number) {
    const before = db
      .select({ tail: blocks.tail, nextSequence: blocks.nextSequence })
      .from(blocks)
      .where(eq(blocks.commandId, commandId))
      .orderBy(desc(blocks.firstSequence))
      .limit(1)
      .get();
    const block = createBlock(chunks, before);
    if (!block) return;
    db.insert(blocks)
      .values({ ...block, commandId, searchRow: nextSearchRow(commandId), isIndexed: false })
      .run();
    db.delete(output)
      .where(and(eq(output.commandId, commandId), lt(output.sequence, block.nextSequence)))
      .run();
    touch(commandId, time, blockBytes(block.data.byteLength, block.textBytes));
  }

  /** Stores the rows of a command and new chunks as blocks. Returns the chunks that are too few for one. */
  function insertBlocks(commandId: string, added: readonly StoredChunk[], time: number) {
    const rows = selectRows(db, commandId).all();
    assertNew(added, rows);
    const sliced = sliceBlocks([...rows, ...added]);
    for (const block of sliced.blocks) insertBlock(commandId, block, time);
    return sliced.rest;
  }

  /** Replaces all rows of a command by blocks. */
  function compress(commandId: string, time: number) {
    sizes.delete(commandId);
    insertBlock(commandId, insertBlocks(commandId, [], time), time);
    onBlock();
  }

  function insertRows(commandId: string, chunks: readonly StoredChunk[]) {
    for (const chunk of chunks) insert.run({ commandId, ...chunk });
  }

  return {
    append: (commandId, chunks, agentNextSequence, time) =>
      writeDeferred(() => {
        const size = sizes.get(commandId) ?? measureRows(commandId);
        db.update(commands).set({ agentNextSequence }).where(eq(commands.id, commandId)).run();
        if (chunks.length > 0) touch(commandId, time);
        const grown = addSize(size, chunks);
        if (isBlock(grown)) {
          sizes.delete(commandId);
          const first = chunks[0]?.sequence ?? 0;
          const rest = insertBlocks(commandId, chunks, time);
          insertRows(
            commandId,
            rest.filter(({ sequence }) => sequence >= first),
          );
          onBlock();
        } else {
          insertRows(commandId, chunks);
          sizes.set(commandId, grown);
        }
      }),
    flush: () => write(() => {}),
    ...reads,
    complete: (commandId, time) => writeDeferred(() => compress(commandId, time)),
    async completeExcept(commandIds, time) {
      let ids: string[] = [];
      do {
        await write(() => {
          ids = db
            .selectDistinct({ id: output.commandId })
            .from(output)
            .where(notInArray(output.commandId, [...commandIds]))
            .limit(COMPLETED_AT_ONCE)
            .all()
            .map(({ id }) => id);
          for (const id of ids) compress(id, time);
        });
      } while (ids.length === COMPLETED_AT_ONCE);
    },
    removeBefore: (commandId, sequence) =>
      writeDeferred(() => {
        sizes.delete(commandId);
        freeBlocks(commandId, lte(blocks.nextSequence, sequence));
        db.delete(output)
          .where(and(eq(output.commandId, commandId), lt(output.sequence, sequence)))
          .run();
      }),
    remove: (commandId, time, reason, entry) =>
      write(() => remove([commandId], { time, reason, limit: null }), entry),
    purge,
  };
}

// Deletes output. It is marked as deleted at once, so that nobody reads a part of it, and its blocks are freed in slices,
// so that no write takes long. An interrupted purge continues with the next one.
import { and, asc, desc, eq, gt, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm';
import type { RemovalReason } from '../../protocol/output-removal.ts';
import type { OutputPurge } from '../store.ts';
import { type Db, isNoneOf, isOneOf, type QueryContext } from './context.ts';
import {
  commands,
  fileChanges,
  fileReverts,
  output,
  outputBlocks as blocks,
  outputEpochs,
  transcripts,
  transcriptTotal,
  turnParts,
  turns,
} from './schema.ts';

/** The blocks that are freed in one transaction: it takes a few milliseconds. */
const SLICE_BLOCKS = 32;
/** The commands whose output is marked in one transaction. */
const SLICE_COMMANDS = 20;
/** What a block needs in addition to its data, measured: its text for the search and the index of it, and its row. */
const SEARCH_FACTOR = 2;
const ROW_BYTES = 200;

/** The space that a block needs. */
export const blockBytes = (dataBytes: number): number =>
  (1 + SEARCH_FACTOR) * dataBytes + ROW_BYTES;
const storedBlockBytes = sql`octet_length(${blocks.data})`.mapWith((bytes: number) =>
  blockBytes(bytes),
);

const totalBytes = sql`coalesce(sum(${transcriptTotal.bytes}), 0)`.mapWith(Number);

/** When, why and by which rule output is deleted. */
interface Removal {
  time: number;
  reason: RemovalReason;
  limit: number | null;
}

/** Whether no more output can be added. */
const hasEnded = and(
  isNoneOf(commands.status, ['queued', 'running']),
  eq(commands.isOutputOpen, false),
);

/** Frees the first blocks of a command that match a condition. Returns how much; null if there are none. */
export async function freeBlocks(
  db: Db,
  commandId: string,
  condition?: SQL,
  limit?: number,
): Promise<number | null> {
  const all = db
    .select({ firstSequence: blocks.firstSequence })
    .from(blocks)
    .where(and(eq(blocks.commandId, commandId), condition))
    .orderBy(asc(blocks.firstSequence))
    .$dynamic();
  const found = await (limit === undefined ? all : all.limit(limit));
  const last = found.at(-1);
  if (!last) return null;
  // Another hub may have freed some of them meanwhile.
  const deleted = await db
    .delete(blocks)
    .where(and(eq(blocks.commandId, commandId), lte(blocks.firstSequence, last.firstSequence)))
    .returning({ bytes: storedBlockBytes });
  const freed = deleted.reduce((sum, { bytes }) => sum + bytes, 0);
  await db
    .update(transcripts)
    .set({ bytes: sql`greatest(0, ${transcripts.bytes} - ${freed}::bigint)` })
    .where(eq(transcripts.commandId, commandId));
  return freed;
}

/** Frees blocks of output that is marked as deleted. Returns whether there were some. */
async function freeRemoved(db: Db): Promise<number | null> {
  const [next] = await db
    .select({ commandId: transcripts.commandId })
    .from(transcripts)
    .where(and(isNotNull(transcripts.removedAt), gt(transcripts.bytes, 0)))
    .limit(1);
  if (!next) return null;
  const { commandId } = next;
  const freed = await freeBlocks(db, commandId, undefined, SLICE_BLOCKS);
  if (freed !== null) return freed;
  await db.update(transcripts).set({ bytes: 0 }).where(eq(transcripts.commandId, commandId));
  return 0;
}

/** The output that may be deleted, the oldest first. */
const selectOldest = (db: Db, condition: SQL) =>
  db
    .select({ commandId: transcripts.commandId, bytes: transcripts.bytes })
    .from(transcripts)
    .innerJoin(commands, eq(commands.id, transcripts.commandId))
    .where(and(isNull(transcripts.removedAt), condition, hasEnded))
    .orderBy(asc(transcripts.updatedAt))
    .limit(SLICE_COMMANDS);

/** @param forget called with each command whose rows are deleted */
export function createPurge({ writeDeferred }: QueryContext, forget: (commandId: string) => void) {
  /** What was freed for lack of space, and is not known to be used again. The server does not say how much is free. */
  let freeBytes = 0;

  /** Marks output as deleted. The turn, which contains the same, and the diffs are deleted at once. */
  async function remove(db: Db, commandIds: readonly string[], { time, reason, limit }: Removal) {
    if (commandIds.length === 0) return;
    for (const table of [output, outputEpochs, turnParts, turns, fileChanges, fileReverts]) {
      await db.delete(table).where(isOneOf(table.commandId, commandIds));
    }
    for (const commandId of commandIds) forget(commandId);
    const removed = { removedAt: time, removalReason: reason, removalLimit: limit };
    await db
      .insert(transcripts)
      .values(commandIds.map((commandId) => ({ commandId, bytes: 0, updatedAt: time, ...removed })))
      .onConflictDoUpdate({ target: transcripts.commandId, set: removed });
  }

  /**
   * Makes room for `excess` bytes: deletes the oldest output of ended commands. The last transcript, and those of running
   * commands, lose their first blocks only.
   */
  async function reclaim(db: Db, excess: number, removal: Removal): Promise<boolean> {
    let left = excess;
    const ended = await selectOldest(db, gt(transcripts.bytes, 0));
    const oldest = ended.filter(({ bytes }) => {
      const isNeeded = left > 0;
      left -= bytes;
      return isNeeded;
    });
    const isLast = ended.length === 1 && excess < (ended[0]?.bytes ?? 0);
    if (oldest.length > 0 && !isLast) {
      const ids = oldest.map(({ commandId }) => commandId);
      await remove(db, ids, removal);
      return true;
    }
    const [largest] = await db
      .select({ commandId: transcripts.commandId })
      .from(transcripts)
      .where(and(isNull(transcripts.removedAt), gt(transcripts.bytes, 0)))
      .orderBy(desc(transcripts.bytes))
      .limit(1);
    if (!largest) return false;
    const freed = await freeBlocks(db, largest.commandId, undefined, 1);
    freeBytes += freed ?? 0;
    return freed !== null;
  }

  async function purgeSlice(db: Db, rule: OutputPurge): Promise<boolean> {
    const freed = await freeRemoved(db);
    if (freed !== null) {
      freeBytes += freed;
      return true;
    }
    const { time } = rule;
    switch (rule.reason) {
      case 'retention': {
        const { reason, before, limit } = rule;
        const old = await selectOldest(db, lte(transcripts.updatedAt, before));
        const ids = old.map(({ commandId }) => commandId);
        await remove(db, ids, { time, reason, limit });
        return ids.length > 0;
      }
      case 'quota': {
        const { reason, limit } = rule;
        const [total] = await db.select({ bytes: totalBytes }).from(transcriptTotal);
        const excess = (total?.bytes ?? 0) - limit;
        return excess > 0 && reclaim(db, excess, { time, reason, limit });
      }
      case 'disk': {
        const { reason } = rule;
        const excess = rule.freeBytes - freeBytes;
        return excess > 0 && reclaim(db, excess, { time, reason, limit: null });
      }
      default:
        return rule satisfies never;
    }
  }

  return {
    remove,
    /** Notes that space is used. */
    use(bytes: number) {
      freeBytes = Math.max(0, freeBytes - bytes);
    },
    async purge(rule: OutputPurge): Promise<boolean> {
      let hasMore = false;
      await writeDeferred(async (db) => {
        hasMore = await purgeSlice(db, rule);
      });
      return hasMore;
    },
  };
}

// Deletes output. It is marked as deleted at once, so that nobody reads a part of it, and its blocks are freed in slices,
// so that no write takes long. An interrupted purge continues with the next one.
import {
  and,
  asc,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
  isNull,
  lte,
  notInArray,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { RemovalReason } from '../protocol/output-removal.ts';
import type { QueryContext } from './query-context.ts';
import {
  commands,
  fileChanges,
  fileReverts,
  output,
  outputBlocks as blocks,
  transcripts,
  transcriptTotal,
  turnParts,
  turns,
} from './schema.ts';
import type { OutputPurge } from './store.ts';

/** The blocks that are freed in one transaction: it takes a few milliseconds. */
const SLICE_BLOCKS = 32;
/** The commands whose output is marked in one transaction. */
const SLICE_COMMANDS = 20;
/** What a block needs in addition to its data: its row, and its share of the search index, measured. */
const ROW_BYTES = 200;
const INDEX_DIVISOR = 10;

/** The space that a block needs. */
export const blockBytes = (dataBytes: number, textBytes: number): number =>
  dataBytes + Math.floor(textBytes / INDEX_DIVISOR) + ROW_BYTES;
/** The same in SQL. */
const storedBlockBytes = sql<number>`length(${blocks.data}) + ${blocks.textBytes} / ${sql.raw(String(INDEX_DIVISOR))} + ${sql.raw(String(ROW_BYTES))}`;

/** When, why and by which rule output is deleted. */
interface Removal {
  time: number;
  reason: RemovalReason;
  limit: number | null;
}

/** @param forget called with each command whose rows are deleted */
export function createPurge(
  { db, writeDeferred }: QueryContext,
  forget: (commandId: string) => void,
) {
  /** Whether no more output can be added. */
  const hasEnded = and(
    notInArray(commands.status, ['queued', 'running']),
    eq(commands.isOutputOpen, false),
  );

  /** Frees the first blocks of a command that match a condition. Returns how much. */
  function freeBlocks(commandId: string, condition?: SQL, limit = Infinity): number {
    const found = db
      .select({ firstSequence: blocks.firstSequence, bytes: storedBlockBytes })
      .from(blocks)
      .where(and(eq(blocks.commandId, commandId), condition))
      .orderBy(asc(blocks.firstSequence))
      .limit(Number.isFinite(limit) ? limit : -1)
      .all();
    const last = found.at(-1);
    if (!last) return 0;
    db.delete(blocks)
      .where(and(eq(blocks.commandId, commandId), lte(blocks.firstSequence, last.firstSequence)))
      .run();
    const freed = found.reduce((sum, { bytes }) => sum + bytes, 0);
    db.update(transcripts)
      .set({ bytes: sql`max(0, ${transcripts.bytes} - ${freed})` })
      .where(eq(transcripts.commandId, commandId))
      .run();
    return freed;
  }

  /** Marks output as deleted. The turn, which contains the same, and the diffs are deleted at once. */
  function remove(commandIds: readonly string[], { time, reason, limit }: Removal) {
    const ids = [...commandIds];
    for (const table of [output, turnParts, turns, fileChanges, fileReverts]) {
      db.delete(table).where(inArray(table.commandId, ids)).run();
    }
    for (const commandId of ids) {
      forget(commandId);
      const removed = { removedAt: time, removalReason: reason, removalLimit: limit };
      db.insert(transcripts)
        .values({ commandId, bytes: 0, updatedAt: time, ...removed })
        .onConflictDoUpdate({ target: transcripts.commandId, set: removed })
        .run();
    }
  }

  /** Frees blocks of output that is marked as deleted. Returns whether there were some. */
  function freeRemoved(): boolean {
    const next = db
      .select({ commandId: transcripts.commandId })
      .from(transcripts)
      .where(and(isNotNull(transcripts.removedAt), gt(transcripts.bytes, 0)))
      .limit(1)
      .get();
    if (!next) return false;
    const { commandId } = next;
    if (freeBlocks(commandId, undefined, SLICE_BLOCKS) > 0) return true;
    db.update(transcripts).set({ bytes: 0 }).where(eq(transcripts.commandId, commandId)).run();
    return true;
  }

  /** The output that may be deleted, the oldest first. */
  function selectOldest(condition: SQL) {
    return db
      .select({ commandId: transcripts.commandId, bytes: transcripts.bytes })
      .from(transcripts)
      .innerJoin(commands, eq(commands.id, transcripts.commandId))
      .where(and(isNull(transcripts.removedAt), condition, hasEnded))
      .orderBy(asc(transcripts.updatedAt))
      .limit(SLICE_COMMANDS)
      .all();
  }

  /**
   * Makes room for `excess` bytes: deletes the oldest output of ended commands. The last transcript, and those of running
   * commands, lose their first blocks only.
   */
  function reclaim(excess: number, removal: Removal): boolean {
    let left = excess;
    const ended = selectOldest(gt(transcripts.bytes, 0));
    const oldest = ended.filter(({ bytes }) => {
      const isNeeded = left > 0;
      left -= bytes;
      return isNeeded;
    });
    const isLast = ended.length === 1 && excess < (ended[0]?.bytes ?? 0);
    if (oldest.length > 0 && !isLast) {
      remove(
        oldest.map(({ commandId }) => commandId),
        removal,
      );
      return true;
    }
    const largest = db
      .select({ commandId: transcripts.commandId })
      .from(transcripts)
      .where(and(isNull(transcripts.removedAt), gt(transcripts.bytes, 0)))
      .orderBy(desc(transcripts.bytes))
      .limit(1)
      .get();
    return largest !== undefined && freeBlocks(largest.commandId, undefined, 1) > 0;
  }

  function countFreeBytes(): number {
    const { free = 0 } = db.get<{ free?: number }>(
      sql`SELECT freelist_count * page_size AS free FROM pragma_freelist_count, pragma_page_size`,
    );
    return free;
  }

  function purgeSlice(rule: OutputPurge): boolean {
    if (freeRemoved()) return true;
    const { time } = rule;
    switch (rule.reason) {
      case 'retention': {
        const { reason, before, limit } = rule;
        const ids = selectOldest(lte(transcripts.updatedAt, before)).map((one) => one.commandId);
        remove(ids, { time, reason, limit });
        return ids.length > 0;
      }
      case 'quota': {
        const { reason, limit } = rule;
        const excess = (db.select().from(transcriptTotal).get()?.bytes ?? 0) - limit;
        return excess > 0 && reclaim(excess, { time, reason, limit });
      }
      case 'disk': {
        const { reason, freeBytes } = rule;
        const excess = freeBytes - countFreeBytes();
        return excess > 0 && reclaim(excess, { time, reason, limit: null });
      }
      default:
        return rule satisfies never;
    }
  }

  return {
    freeBlocks,
    remove,
    async purge(rule: OutputPurge): Promise<boolean> {
      let hasMore = false;
      await writeDeferred(() => {
        hasMore = purgeSlice(rule);
      });
      return hasMore;
    },
  };
}

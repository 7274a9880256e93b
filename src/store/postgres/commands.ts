import { and, asc, desc, eq, gte, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { PAGE_LENGTH } from '../../protocol/limits.ts';
import type { EndPosition, Store } from '../store.ts';
import { list } from './command-pages.ts';
import { type Db, isOneOf, type QueryContext } from './context.ts';
import { search } from './history-search.ts';
import { insertRequestKeys } from './request-keys.ts';
import {
  approvalDetails,
  approvals,
  commands,
  fileChanges,
  fileReverts,
  output,
  outputBlocks,
  outputEpochs,
  transcripts,
  turnParts,
  turns,
} from './schema.ts';

/** How many of a user's commands are searched for different texts. */
const MAX_LISTED_TEXTS = 1_000;

/** The command history, which also holds the queues across restarts. */
export function createCommandStore(context: QueryContext): Store['commands'] {
  const { read, write, writeDeferred } = context;
  return {
    insert: (rows, entries = []) =>
      write(
        async (db) => {
          const all = [rows].flat();
          if (all.length === 0) return;
          await insertRequestKeys(db, all);
          await db.insert(commands).values(all);
        },
        ...entries,
      ),
    update: (id, changes, entry) =>
      write((db) => db.update(commands).set(changes).where(eq(commands.id, id)), entry),
    reorder: (ids) =>
      write(async (db) => {
        for (const [queueRank, id] of ids.entries()) {
          await db.update(commands).set({ queueRank }).where(eq(commands.id, id));
        }
      }),
    find: (id) =>
      read(async (db) => {
        const [found] = await db.select().from(commands).where(eq(commands.id, id));
        return found;
      }),
    listUnfinished: () =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(isOneOf(commands.status, ['queued', 'running']))
          .orderBy(asc(commands.id)),
      ),
    listWithOpenOutput: () =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(sql`is_output_open`)
          .orderBy(asc(commands.id)),
      ),
    listRequestedSince: (time) =>
      read((db) =>
        db
          .select()
          .from(commands)
          .where(and(gte(commands.requestedAt, time), isNotNull(commands.requestId)))
          .orderBy(asc(commands.requestedAt)),
      ),
    async listPage(query, agentIds = null) {
      // No text that is shown contains it.
      if (query.q?.includes('\0')) return { items: [], nextCursor: null };
      const limit = query.limit ?? PAGE_LENGTH;
      if (query.q) return search(context, { ...query, limit, q: query.q }, agentIds);
      const rows = await read((db) => list(db, { ...query, limit: limit + 1 }, agentIds));
      const items = rows.slice(0, limit);
      return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    listEnded: (agentId, limit, before) =>
      read((db) => createEndedQuery(db, agentId, limit, before)),
    listTexts: (userId, limit) =>
      read(async (db) => {
        const latest = createTextsQuery(db, userId).as('latest');
        const texts = await db
          .select({ command: latest.command })
          .from(latest)
          .groupBy(latest.command)
          .orderBy(desc(sql`max(${latest.id})`))
          .limit(limit);
        return texts.map(({ command }) => command);
      }),
    async purgeBefore(time, limit) {
      let count = 0;
      await writeDeferred(async (db) => {
        count = await purge(db, time, limit);
      });
      return count;
    },
  };
}

/** Deletes ended commands with everything that belongs to them. Returns how many. */
async function purge(db: Db, time: number, limit: number): Promise<number> {
  const old = await db
    .select({ id: commands.id })
    .from(commands)
    .where(
      and(
        lt(commands.completedAt, time),
        eq(commands.isOutputOpen, false),
        // Their output is freed in slices first.
        sql`NOT EXISTS (SELECT 1 FROM transcripts WHERE command_id = ${commands.id} AND bytes > 0)`,
      ),
    )
    .limit(limit);
  if (old.length === 0) return 0;
  const ids = old.map(({ id }) => id);
  const requests = sql`SELECT approval_id FROM ${approvals} WHERE ${isOneOf(approvals.commandId, ids)}`;
  await db
    .delete(approvalDetails)
    .where(sql`${approvalDetails.approvalId} = ANY(ARRAY(${requests}))`);
  await db.delete(approvals).where(isOneOf(approvals.commandId, ids));
  const outputs = [output, outputBlocks, outputEpochs, transcripts];
  const tables = [...outputs, turnParts, turns, fileChanges, fileReverts];
  for (const table of tables) await db.delete(table).where(isOneOf(table.commandId, ids));
  await db.delete(commands).where(isOneOf(commands.id, ids));
  return ids.length;
}

/** Ended commands, the latest end first. Exported to test which index it uses. */
export function createEndedQuery(db: Db, agentId: string, limit: number, before?: EndPosition) {
  const { completedAt, id } = commands;
  return db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.agentId, agentId),
        isNotNull(completedAt),
        before && sql`(${completedAt}, ${id}) < (${before.completedAt}::bigint, ${before.id})`,
      ),
    )
    .orderBy(desc(completedAt), desc(id))
    .limit(limit);
}

/** The latest texts of a user. Exported to test which index it uses. */
export function createTextsQuery(db: Db, userId: string) {
  return db
    .select({ id: commands.id, command: commands.command })
    .from(commands)
    .where(
      and(
        eq(commands.requestedBy, userId),
        or(isNull(commands.editedBy), eq(commands.editedBy, userId)),
      ),
    )
    .orderBy(desc(commands.id))
    .limit(MAX_LISTED_TEXTS);
}

import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import { storedColumns } from './command-pages.ts';
import { selectPage } from './history-search.ts';
import type { QueryContext } from './query-context.ts';
import {
  approvalDetails,
  approvals,
  commands,
  fileChanges,
  fileReverts,
  output,
  outputBlocks,
  transcripts,
  turnParts,
  turns,
} from './schema.ts';
import type { EndPosition, Store } from './store.ts';

/** How many of a user's commands are searched for different texts. */
const MAX_LISTED_TEXTS = 1_000;

/** The command history, which also holds the queues across restarts. */
export function createCommandStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['commands'] {
  return {
    insert: (rows, entries = []) =>
      write(
        () => {
          for (const row of [rows].flat()) db.insert(commands).values(row).run();
        },
        ...entries,
      ),
    update: (id, changes, entry) =>
      write(() => db.update(commands).set(changes).where(eq(commands.id, id)).run(), entry),
    reorder: (ids) =>
      write(() => {
        for (const [queueRank, id] of ids.entries()) {
          db.update(commands).set({ queueRank }).where(eq(commands.id, id)).run();
        }
      }),
    find: (id) =>
      read(() => db.select(storedColumns).from(commands).where(eq(commands.id, id)).get()),
    listUnfinished: () =>
      read(() =>
        db
          .select(storedColumns)
          .from(commands)
          .where(inArray(commands.status, ['queued', 'running']))
          .orderBy(asc(commands.id))
          .all(),
      ),
    listWithOpenOutput: () =>
      read(() =>
        db
          .select(storedColumns)
          .from(commands)
          // Literal, because SQLite uses a partial index only for its exact condition.
          .where(sql`is_output_open = 1`)
          .orderBy(asc(commands.id))
          .all(),
      ),
    listRequestedSince: (time) =>
      read(() =>
        db
          .select(storedColumns)
          .from(commands)
          .where(and(gte(commands.requestedAt, time), isNotNull(commands.requestId)))
          .orderBy(asc(commands.requestedAt))
          .all(),
      ),
    listPage: (query, agentIds) => selectPage(db, query, agentIds),
    listEnded: (agentId, limit, before) =>
      read(() => createEndedQuery(db, agentId, limit, before).all()),
    listTexts: (userId, limit) =>
      read(() => {
        const latest = db
          .select({ row: commands.row, command: commands.command })
          .from(commands)
          .where(
            and(
              eq(commands.requestedBy, userId),
              or(isNull(commands.editedBy), eq(commands.editedBy, userId)),
            ),
          )
          .orderBy(desc(commands.row))
          .limit(MAX_LISTED_TEXTS)
          .as('latest');
        const texts = db
          .select({ command: latest.command })
          .from(latest)
          .groupBy(latest.command)
          .orderBy(desc(sql`max(${latest.row})`))
          .limit(limit)
          .all();
        return texts.map(({ command }) => command);
      }),
    async purgeBefore(time, limit) {
      const old = db
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
      let count = 0;
      await writeDeferred(() => {
        const ids = old.all().map(({ id }) => id);
        const requests = db
          .select({ id: approvals.approvalId })
          .from(approvals)
          .where(inArray(approvals.commandId, ids));
        db.delete(approvalDetails).where(inArray(approvalDetails.approvalId, requests)).run();
        db.delete(approvals).where(inArray(approvals.commandId, ids)).run();
        const tables = [
          output,
          outputBlocks,
          transcripts,
          turnParts,
          turns,
          fileChanges,
          fileReverts,
        ];
        for (const table of tables) {
          db.delete(table).where(inArray(table.commandId, ids)).run();
        }
        db.delete(commands).where(inArray(commands.id, ids)).run();
        count = ids.length;
      });
      return count;
    },
  };
}

/** Ended commands, the latest end first. Exported to test which index it uses. */
export function createEndedQuery(
  db: QueryContext['db'],
  agentId: string,
  limit: number,
  before?: EndPosition,
) {
  return db
    .select(storedColumns)
    .from(commands)
    .where(
      and(
        eq(commands.agentId, agentId),
        isNotNull(commands.completedAt),
        before && sql`(completed_at, id) < (${before.completedAt}, ${before.id})`,
      ),
    )
    .orderBy(desc(commands.completedAt), desc(commands.id))
    .limit(limit);
}

import { and, asc, desc, eq, gte, inArray, isNotNull, like, lt, type SQL, sql } from 'drizzle-orm';
import type { CommandPage, CommandQuery } from '../protocol/api.ts';
import { PAGE_LENGTH } from '../protocol/limits.ts';
import type { QueryContext } from './query-context.ts';
import { approvalDetails, approvals, commands, output } from './schema.ts';
import type { Store } from './store.ts';

/** The command history, which also holds the queues across restarts. */
export function createCommandStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['commands'] {
  function selectPage(query: CommandQuery, agentIds: readonly string[] | null = null): CommandPage {
    const limit = query.limit ?? PAGE_LENGTH;
    const filters = {
      agentId: query.agentId ? eq(commands.agentId, query.agentId) : undefined,
      status: query.status ? eq(commands.status, query.status) : undefined,
      q: query.q ? contains(query.q) : undefined,
      comparisonId: query.comparisonId ? eq(commands.comparisonId, query.comparisonId) : undefined,
      compared: query.compared ? isNotNull(commands.comparisonId) : undefined,
      conversationId: query.conversationId
        ? eq(commands.conversationId, query.conversationId)
        : undefined,
      cursor: query.cursor ? lt(commands.id, query.cursor) : undefined,
    } satisfies Record<Exclude<keyof CommandQuery, 'limit'>, SQL | undefined>;
    const rows = db
      .select()
      .from(commands)
      .where(
        and(
          ...Object.values(filters),
          agentIds ? inArray(commands.agentId, [...agentIds]) : undefined,
        ),
      )
      .orderBy(desc(commands.id))
      .limit(limit + 1)
      .all();
    const items = rows.slice(0, limit);
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  return {
    insert: (rows, entries = []) =>
      write(
        () => {
          for (const row of [rows].flat()) db.insert(commands).values(row).run();
        },
        ...entries,
      ),
    update: (id, changes) =>
      write(() => db.update(commands).set(changes).where(eq(commands.id, id)).run()),
    find: (id) => read(() => db.select().from(commands).where(eq(commands.id, id)).get()),
    listUnfinished: () =>
      read(() =>
        db
          .select()
          .from(commands)
          .where(inArray(commands.status, ['queued', 'running']))
          .orderBy(asc(commands.id))
          .all(),
      ),
    listWithOpenOutput: () =>
      read(() =>
        db
          .select()
          .from(commands)
          // Literal, because SQLite uses a partial index only for its exact condition.
          .where(sql`is_output_open = 1`)
          .orderBy(asc(commands.id))
          .all(),
      ),
    listRequestedSince: (time) =>
      read(() =>
        db
          .select()
          .from(commands)
          .where(and(gte(commands.requestedAt, time), isNotNull(commands.requestId)))
          .orderBy(asc(commands.requestedAt))
          .all(),
      ),
    listPage: (query, agentIds) => read(() => selectPage(query, agentIds)),
    async purgeBefore(time, limit) {
      const old = db
        .select({ id: commands.id })
        .from(commands)
        .where(and(lt(commands.completedAt, time), eq(commands.isOutputOpen, false)))
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
        db.delete(output).where(inArray(output.commandId, ids)).run();
        db.delete(commands).where(inArray(commands.id, ids)).run();
        count = ids.length;
      });
      return count;
    },
  };
}

/** Matches commands that contain the text literally: `%` and `_` are not wildcards. */
function contains(text: string) {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql`${like(commands.command, pattern)} ESCAPE '\\'`;
}

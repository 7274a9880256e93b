import { and, asc, eq, getTableColumns, lt, notInArray, sql } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { commands, output } from './schema.ts';
import type { Store } from './store.ts';

/** Rows of chunks that the terminal buffer has dropped are deleted in batches, to reduce the number of statements. */
const TRIM_INTERVAL = 64;

/** The output of unfinished commands. An agent's output is acknowledged once it is stored here. */
export function createOutputStore(context: QueryContext): Store['output'] {
  const { db, read, write, writeDeferred } = context;
  const { commandId: _, ...chunkColumns } = getTableColumns(output);
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

  return {
    append: (commandId, chunks, agentNextSequence, firstSequence) =>
      writeDeferred(() => {
        for (const chunk of chunks) insert.run({ commandId, ...chunk });
        db.update(commands).set({ agentNextSequence }).where(eq(commands.id, commandId)).run();
        const isTrimDue = chunks.some(({ sequence }) => sequence % TRIM_INTERVAL === 0);
        if (!isTrimDue || firstSequence === 0) return;
        db.delete(output)
          .where(and(eq(output.commandId, commandId), lt(output.sequence, firstSequence)))
          .run();
      }),
    list: (commandId) =>
      read(() =>
        db
          .select(chunkColumns)
          .from(output)
          .where(eq(output.commandId, commandId))
          .orderBy(asc(output.sequence))
          .all(),
      ),
    remove: (commandId) =>
      writeDeferred(() => db.delete(output).where(eq(output.commandId, commandId)).run()),
    removeExcept: (commandIds) =>
      write(() =>
        db
          .delete(output)
          .where(notInArray(output.commandId, [...commandIds]))
          .run(),
      ),
  };
}

import { and, asc, eq, lt, notInArray, sql } from 'drizzle-orm';
import { commands, output } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** Rows no longer held are removed in strokes of about so many, not one by one. */
const STROKE = 64;

/** The output of commands whose terminals are held: what an acknowledgement to an agent stands on. */
export function createOutput({ db, read, write, writeSoon }: Access): Store['output'] {
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
      writeSoon(() => {
        for (const chunk of chunks) insert.run({ commandId, ...chunk });
        db.update(commands).set({ agentNextSequence }).where(eq(commands.id, commandId)).run();
        const crossed = chunks.some(({ sequence }) => sequence % STROKE === 0);
        if (!crossed || firstSequence === 0) return;
        db.delete(output)
          .where(and(eq(output.commandId, commandId), lt(output.sequence, firstSequence)))
          .run();
      }),
    of: (commandId) =>
      read(() =>
        db
          .select({
            sequence: output.sequence,
            type: output.type,
            data: output.data,
            timestamp: output.timestamp,
            offset: output.offset,
            lostBytes: output.lostBytes,
          })
          .from(output)
          .where(eq(output.commandId, commandId))
          .orderBy(asc(output.sequence))
          .all(),
      ),
    free: (commandId) =>
      writeSoon(() => db.delete(output).where(eq(output.commandId, commandId)).run()),
    freeAllBut: (commandIds) =>
      write(() =>
        db
          .delete(output)
          .where(notInArray(output.commandId, [...commandIds]))
          .run(),
      ),
  };
}

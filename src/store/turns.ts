import { asc, eq, sql } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { turnParts, turns } from './schema.ts';
import type { Store } from './store.ts';

/** The turns of prompts, one row per part: while a part grows, only its row is written again. */
export function createTurnStore({ db, read, writeDeferred }: QueryContext): Store['turns'] {
  const upsertPart = db
    .insert(turnParts)
    .values({
      commandId: sql.placeholder('commandId'),
      index: sql.placeholder('index'),
      revision: sql.placeholder('revision'),
      content: sql.placeholder('content'),
    })
    .onConflictDoUpdate({
      target: [turnParts.commandId, turnParts.index],
      set: { revision: sql`excluded.revision`, content: sql`excluded.content` },
    })
    .prepare();

  return {
    save: (commandId, { state, nextSequence, parts }) =>
      writeDeferred(() => {
        db.insert(turns)
          .values({ commandId, state, nextSequence })
          .onConflictDoUpdate({ target: turns.commandId, set: { state, nextSequence } })
          .run();
        if (state === 'partial') {
          db.delete(turnParts).where(eq(turnParts.commandId, commandId)).run();
          return;
        }
        for (const part of parts) upsertPart.run({ commandId, ...part });
      }),
    find: (commandId) =>
      read(() => {
        const turn = db.select().from(turns).where(eq(turns.commandId, commandId)).get();
        if (!turn) return undefined;
        const parts = db
          .select({
            index: turnParts.index,
            revision: turnParts.revision,
            content: turnParts.content,
          })
          .from(turnParts)
          .where(eq(turnParts.commandId, commandId))
          .orderBy(asc(turnParts.index))
          .all();
        return { state: turn.state, nextSequence: turn.nextSequence, parts };
      }),
  };
}

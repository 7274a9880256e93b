import { asc, eq, sql } from 'drizzle-orm';
import type { Store } from '../store.ts';
import type { QueryContext } from './context.ts';
import { turnParts, turns } from './schema.ts';

/** The turns of prompts, one row per part: while a part grows, only its row is written again. */
export function createTurnStore({ readTogether, writeDeferred }: QueryContext): Store['turns'] {
  return {
    save: (commandId, { state, nextSequence, parts }) =>
      writeDeferred(async (db) => {
        await db
          .insert(turns)
          .values({ commandId, state, nextSequence })
          .onConflictDoUpdate({ target: turns.commandId, set: { state, nextSequence } });
        if (state === 'partial') {
          await db.delete(turnParts).where(eq(turnParts.commandId, commandId));
        } else if (parts.length > 0) {
          await db
            .insert(turnParts)
            .values(parts.map((part) => ({ commandId, ...part })))
            .onConflictDoUpdate({
              target: [turnParts.commandId, turnParts.index],
              set: { revision: sql`excluded.revision`, content: sql`excluded.content` },
            });
        }
      }),
    find: (commandId) =>
      readTogether(async (db) => {
        const [turn] = await db.select().from(turns).where(eq(turns.commandId, commandId));
        if (!turn) return undefined;
        const { index, revision, content } = turnParts;
        const parts = await db
          .select({ index, revision, content })
          .from(turnParts)
          .where(eq(turnParts.commandId, commandId))
          .orderBy(asc(index));
        return { state: turn.state, nextSequence: turn.nextSequence, parts };
      }),
  };
}

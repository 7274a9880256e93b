import { eq, inArray } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { agentTokens } from './schema.ts';
import type { Store } from './store.ts';

/** The tokens with which agents connect. */
export function createAgentTokenStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['agentTokens'] {
  return {
    list: () =>
      read(() =>
        db.select().from(agentTokens).orderBy(agentTokens.createdAt, agentTokens.id).all(),
      ),
    insert: (token, entry) => write(() => db.insert(agentTokens).values(token).run(), entry),
    update: (id, use) =>
      writeDeferred(() => db.update(agentTokens).set(use).where(eq(agentTokens.id, id)).run()),
    remove: (ids, entry) =>
      write(
        () =>
          db
            .delete(agentTokens)
            .where(inArray(agentTokens.id, [...ids]))
            .run(),
        entry,
      ),
  };
}

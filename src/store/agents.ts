import { eq } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { agents, agentTokens } from './schema.ts';
import type { Store } from './store.ts';

/** The registered agents. */
export function createAgentStore({ db, read, write }: QueryContext): Store['agents'] {
  return {
    list: () => read(() => db.select().from(agents).orderBy(agents.agentId).all()),
    insert: (agent, token, entry) =>
      write(() => {
        db.insert(agents).values(agent).run();
        db.insert(agentTokens).values(token).run();
      }, entry),
    update: (agentId, changes, entry) =>
      write(() => db.update(agents).set(changes).where(eq(agents.agentId, agentId)).run(), entry),
    remove: (agentId, entry) =>
      write(() => {
        db.delete(agents).where(eq(agents.agentId, agentId)).run();
        db.delete(agentTokens).where(eq(agentTokens.agentId, agentId)).run();
      }, entry),
  };
}

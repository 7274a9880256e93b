import { eq } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { agents } from './schema.ts';
import type { Store } from './store.ts';

/** The registered agents. */
export function createAgentStore({ db, read, write }: QueryContext): Store['agents'] {
  return {
    list: () => read(() => db.select().from(agents).orderBy(agents.agentId).all()),
    insert: (agent) => write(() => db.insert(agents).values(agent).run()),
    update: (agentId, changes) =>
      write(() => db.update(agents).set(changes).where(eq(agents.agentId, agentId)).run()),
    remove: (agentId) => write(() => db.delete(agents).where(eq(agents.agentId, agentId)).run()),
  };
}

import { eq } from 'drizzle-orm';
import { agents } from './schema.ts';
import type { Access } from './access.ts';
import type { Store } from './store.ts';

/** The agents that may connect. */
export function createAgents({ db, read, write }: Access): Store['agents'] {
  return {
    all: () => read(() => db.select().from(agents).orderBy(agents.agentId).all()),
    insert: (agent) => write(() => db.insert(agents).values(agent).run()),
    remove: (agentId) => write(() => db.delete(agents).where(eq(agents.agentId, agentId)).run()),
  };
}

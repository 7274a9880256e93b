import { eq } from 'drizzle-orm';
import type { Store } from '../store.ts';
import type { QueryContext } from './context.ts';
import { agents, agentTokens } from './schema.ts';

/** The registered agents. */
export function createAgentStore({ read, write }: QueryContext): Store['agents'] {
  return {
    list: () => read((db) => db.select().from(agents).orderBy(agents.agentId)),
    insert: (agent, token, entry) =>
      write(async (db) => {
        await db.insert(agents).values(agent);
        await db.insert(agentTokens).values(token);
      }, entry),
    update: (agentId, changes, entry) =>
      write((db) => db.update(agents).set(changes).where(eq(agents.agentId, agentId)), entry),
    remove: (agentId, entry) =>
      write(async (db) => {
        await db.delete(agents).where(eq(agents.agentId, agentId));
        await db.delete(agentTokens).where(eq(agentTokens.agentId, agentId));
      }, entry),
  };
}

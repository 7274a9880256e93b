import { eq } from 'drizzle-orm';
import { isOneOf, type QueryContext } from './context.ts';
import { agentTokens, apiTokens } from './schema.ts';
import type { Store } from '../store.ts';

/** The tokens with which agents connect. */
export function createAgentTokenStore({
  read,
  write,
  writeDeferred,
}: QueryContext): Store['agentTokens'] {
  return {
    list: () =>
      read((db) => db.select().from(agentTokens).orderBy(agentTokens.createdAt, agentTokens.id)),
    insert: (token, entry) => write((db) => db.insert(agentTokens).values(token), entry),
    update: (id, use) =>
      writeDeferred((db) => db.update(agentTokens).set(use).where(eq(agentTokens.id, id))),
    remove: (ids, entry) =>
      write((db) => db.delete(agentTokens).where(isOneOf(agentTokens.id, ids)), entry),
  };
}

/** The API tokens of users. */
export function createApiTokenStore({
  read,
  write,
  writeDeferred,
}: QueryContext): Store['apiTokens'] {
  return {
    list: () =>
      read((db) => db.select().from(apiTokens).orderBy(apiTokens.createdAt, apiTokens.id)),
    insert: (token, entry) => write((db) => db.insert(apiTokens).values(token), entry),
    update: (id, use) =>
      writeDeferred((db) => db.update(apiTokens).set(use).where(eq(apiTokens.id, id))),
    remove: (ids, entry) =>
      write((db) => db.delete(apiTokens).where(isOneOf(apiTokens.id, ids)), entry),
  };
}

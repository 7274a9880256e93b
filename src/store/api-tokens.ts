import { eq, inArray } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { apiTokens } from './schema.ts';
import type { Store } from './store.ts';

/** The API tokens of users. */
export function createApiTokenStore({
  db,
  read,
  write,
  writeDeferred,
}: QueryContext): Store['apiTokens'] {
  return {
    list: () =>
      read(() => db.select().from(apiTokens).orderBy(apiTokens.createdAt, apiTokens.id).all()),
    insert: (token, entry) => write(() => db.insert(apiTokens).values(token).run(), entry),
    update: (id, use) =>
      writeDeferred(() => db.update(apiTokens).set(use).where(eq(apiTokens.id, id)).run()),
    remove: (ids, entry) =>
      write(
        () =>
          db
            .delete(apiTokens)
            .where(inArray(apiTokens.id, [...ids]))
            .run(),
        entry,
      ),
  };
}

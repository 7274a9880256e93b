import { asc, eq } from 'drizzle-orm';
import type { QueryContext } from './query-context.ts';
import { savedPrompts } from './schema.ts';
import type { Store } from './store.ts';

/** The prompts that users saved. */
export function createPromptStore({ db, read, write }: QueryContext): Store['prompts'] {
  return {
    list: (userId) =>
      read(() =>
        db
          .select()
          .from(savedPrompts)
          .where(eq(savedPrompts.userId, userId))
          .orderBy(asc(savedPrompts.name))
          .all(),
      ),
    insert: (prompt) => write(() => db.insert(savedPrompts).values(prompt).run()),
    update: (id, changes) =>
      write(() => db.update(savedPrompts).set(changes).where(eq(savedPrompts.id, id)).run()),
    remove: (id) => write(() => db.delete(savedPrompts).where(eq(savedPrompts.id, id)).run()),
  };
}

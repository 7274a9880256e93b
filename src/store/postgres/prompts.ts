import { asc, eq } from 'drizzle-orm';
import type { Store } from '../store.ts';
import type { QueryContext } from './context.ts';
import { savedPrompts } from './schema.ts';

/** The prompts that users saved. */
export function createPromptStore({ read, write }: QueryContext): Store['prompts'] {
  return {
    list: (userId) =>
      read((db) =>
        db
          .select()
          .from(savedPrompts)
          .where(eq(savedPrompts.userId, userId))
          .orderBy(asc(savedPrompts.name)),
      ),
    insert: (prompt) => write((db) => db.insert(savedPrompts).values(prompt)),
    update: (id, changes) =>
      write((db) => db.update(savedPrompts).set(changes).where(eq(savedPrompts.id, id))),
    remove: (id) => write((db) => db.delete(savedPrompts).where(eq(savedPrompts.id, id))),
  };
}

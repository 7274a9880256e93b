import { eq } from 'drizzle-orm';
import { packChanges, unpackChanges } from './packed-changes.ts';
import type { QueryContext } from './query-context.ts';
import { fileChanges, fileReverts } from './schema.ts';
import type { Store } from './store.ts';

/** The files that commands have changed. */
export function createFileChangesStore({ db, read, write }: QueryContext): Store['fileChanges'] {
  return {
    insert(commandId, changes) {
      const data = packChanges(changes);
      return write(() =>
        db.insert(fileChanges).values({ commandId, data }).onConflictDoNothing().run(),
      );
    },
    find: (commandId) =>
      read(() => {
        const row = db.select().from(fileChanges).where(eq(fileChanges.commandId, commandId)).get();
        if (!row) return undefined;
        const reverts = db
          .select({ path: fileReverts.path })
          .from(fileReverts)
          .where(eq(fileReverts.commandId, commandId))
          .all();
        return { ...unpackChanges(row.data), revertedPaths: reverts.map(({ path }) => path) };
      }),
    markReverted: (revert, entry) =>
      write(() => db.insert(fileReverts).values(revert).onConflictDoNothing().run(), entry),
  };
}

import { eq } from 'drizzle-orm';
import { packChanges, unpackChanges } from '../packed-changes.ts';
import type { Store } from '../store.ts';
import type { QueryContext } from './context.ts';
import { fileChanges, fileReverts } from './schema.ts';

/** The files that commands have changed. */
export function createFileChangesStore({
  readTogether,
  write,
}: QueryContext): Store['fileChanges'] {
  return {
    insert(commandId, changes) {
      const data = packChanges(changes);
      return write((db) =>
        db.insert(fileChanges).values({ commandId, data }).onConflictDoNothing(),
      );
    },
    find: (commandId) =>
      readTogether(async (db) => {
        const isWanted = eq(fileChanges.commandId, commandId);
        const [row] = await db.select().from(fileChanges).where(isWanted);
        if (!row) return undefined;
        const reverts = await db
          .select({ path: fileReverts.path })
          .from(fileReverts)
          .where(eq(fileReverts.commandId, commandId));
        return { ...unpackChanges(row.data), revertedPaths: reverts.map(({ path }) => path) };
      }),
    markReverted: (revert, entry) =>
      write((db) => db.insert(fileReverts).values(revert).onConflictDoNothing(), entry),
  };
}

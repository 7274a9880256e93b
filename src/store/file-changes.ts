import { eq } from 'drizzle-orm';
import type { FileChanges } from '../protocol/changes.ts';
import type { QueryContext } from './query-context.ts';
import { fileChanges, fileReverts } from './schema.ts';
import type { Store } from './store.ts';

/** The files that commands have changed, compressed: diffs are mostly text that repeats itself. */
export function createFileChangesStore({ db, read, write }: QueryContext): Store['fileChanges'] {
  return {
    insert(commandId, changes) {
      const data = Buffer.from(Bun.deflateSync(Buffer.from(JSON.stringify(changes))));
      return write(() =>
        db.insert(fileChanges).values({ commandId, data }).onConflictDoNothing().run(),
      );
    },
    find: (commandId) =>
      read(() => {
        const row = db.select().from(fileChanges).where(eq(fileChanges.commandId, commandId)).get();
        if (!row) return undefined;
        const text = Buffer.from(Bun.inflateSync(new Uint8Array(row.data))).toString();
        const reverts = db
          .select({ path: fileReverts.path })
          .from(fileReverts)
          .where(eq(fileReverts.commandId, commandId))
          .all();
        // It was checked when the agent sent it.
        const changes = JSON.parse(text) as FileChanges;
        return { ...changes, revertedPaths: reverts.map(({ path }) => path) };
      }),
    markReverted: (revert, entry) =>
      write(() => db.insert(fileReverts).values(revert).onConflictDoNothing().run(), entry),
  };
}

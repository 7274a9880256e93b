// The rules for Store.fileChanges.
import { describe, expect, test } from 'bun:test';
import { auditEntry, fileChange, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export function describeFileChanges(db: StoreUnderTest) {
  describe('changed files', () => {
    const changes = {
      files: [
        fileChange({ path: 'ü\n😀', oldPath: '"old"', kind: 'renamed', omitted: 'too_large' }),
        fileChange({ path: 'b', isBinary: true, oldSize: 1, newSize: 2 }),
      ],
      omittedFiles: 3,
    };

    test('keep every field, and the first report', async () => {
      await db.store.fileChanges.insert('c1', changes);
      await db.store.fileChanges.insert('c1', { files: [], omittedFiles: 0 });
      await db.reopen();
      const stored = await db.store.fileChanges.find('c1');
      expect(stored).toEqual({ ...changes, revertedPaths: [] });
      expect(await db.store.fileChanges.find('c2')).toBeUndefined();
    });

    test('are marked as reverted, together with an audit entry', async () => {
      await db.store.fileChanges.insert('c1', changes);
      const revert = { commandId: 'c1', path: 'b', revertedAt: 5 };
      const entry = auditEntry({ id: 'e1', action: 'file.reverted', target: 'c1' });
      await db.store.fileChanges.markReverted(revert, entry);
      await db.store.fileChanges.markReverted({ ...revert, revertedAt: 6 });
      expect((await db.store.fileChanges.find('c1'))?.revertedPaths).toEqual(['b']);
      const { items } = await db.store.audit.listPage({});
      expect(items).toEqual([entry]);
    });

    test('are deleted with the output of their command', async () => {
      await db.store.fileChanges.insert('c1', changes);
      await db.store.fileChanges.insert('c2', changes);
      await db.store.output.remove('c1', 5, 'user');
      await db.reopen();
      expect(await db.store.fileChanges.find('c1')).toBeUndefined();
      expect(await db.store.fileChanges.find('c2')).toBeDefined();
    });

    test('are deleted with their command', async () => {
      await db.store.commands.insert([
        storedCommand({ id: 'c1', status: 'completed', completedAt: 10 }),
        storedCommand({ id: 'c2', status: 'completed', completedAt: 20 }),
      ]);
      for (const id of ['c1', 'c2']) {
        await db.store.fileChanges.insert(id, changes);
        await db.store.fileChanges.markReverted({ commandId: id, path: 'b', revertedAt: 5 });
      }
      await db.store.commands.purgeBefore(15, 10);
      expect(await db.store.fileChanges.find('c1')).toBeUndefined();
      expect((await db.store.fileChanges.find('c2'))?.revertedPaths).toEqual(['b']);
      await db.store.fileChanges.insert('c1', changes);
      expect((await db.store.fileChanges.find('c1'))?.revertedPaths).toEqual([]);
    });
  });
}

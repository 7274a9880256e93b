// The rules for Store.output.
import { describe, expect, test } from 'bun:test';
import { rejectionOf } from '../../support/rejection.ts';
import { chunk, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export function describeOutput(db: StoreUnderTest) {
  describe('output', () => {
    const listSequences = async (id: string) =>
      (await db.store.output.list(id)).map(({ sequence }) => sequence);

    test('lists chunks in order, and stores the agent sequence with them', async () => {
      const chunks = [
        chunk({ data: 'a\u0000\u001b[1m\r\n' }),
        chunk({ sequence: 1, data: '😀', type: 'stderr', offset: 3 }),
        chunk({ sequence: 2, data: '', offset: 7, lostBytes: 50 }),
        chunk({ sequence: 3, data: 'end', offset: 57 }),
      ];
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', chunks.slice(0, 2), 5, 0);
      await db.store.output.append('1', chunks.slice(2), 9, 0);
      await db.reopen();
      expect(await db.store.output.list('1')).toEqual(chunks);
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(9);
      expect(await db.store.output.list('2')).toEqual([]);
    });

    test('stores chunks and the agent sequence together or not at all', async () => {
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', [chunk()], 1, 0);
      const taken = [chunk({ sequence: 1 }), chunk({ sequence: 0 })];
      expect(await rejectionOf(db.store.output.append('1', taken, 3, 0))).not.toBe('');
      expect(await db.store.output.list('1')).toEqual([chunk()]);
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(1);
    });

    test('stores the agent sequence without chunks', async () => {
      await db.store.commands.insert(storedCommand({ id: '1' }));
      await db.store.output.append('1', [], 4, 0);
      await db.reopen();
      expect((await db.store.commands.find('1'))?.agentNextSequence).toBe(4);
    });

    test('deletes chunks before firstSequence eventually, and no others', async () => {
      const appended = Array.from({ length: 300 }, (_, sequence) =>
        db.store.output.append(
          '1',
          [chunk({ sequence })],
          sequence + 1,
          Math.max(0, sequence - 10),
        ),
      );
      await Promise.all(appended);
      const left = await listSequences('1');
      expect(left.length).toBeLessThan(200);
      expect(left.slice(-11)).toEqual(Array.from({ length: 11 }, (_, i) => 289 + i));
    });

    test('removes the output of one command, or of all except some', async () => {
      for (const id of ['1', '2', '3', '4']) await db.store.output.append(id, [chunk()], 1, 0);
      await db.store.output.remove('2');
      await db.reopen();
      expect(await Promise.all(['1', '2', '3', '4'].map(listSequences))).toEqual([
        [0],
        [],
        [0],
        [0],
      ]);
      await db.store.output.removeExcept(['3', 'unknown']);
      await db.reopen();
      expect(await Promise.all(['1', '2', '3', '4'].map(listSequences))).toEqual([[], [], [0], []]);
      await db.store.output.removeExcept([]);
      expect(await listSequences('3')).toEqual([]);
    });
  });
}

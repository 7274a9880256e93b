// The rules for Store.turns.
import { describe, expect, test } from 'bun:test';
import type { TurnPart } from '../../../src/protocol/turn.ts';
import { command, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const part = (index: number, revision: number, text: string) => ({
  index,
  revision,
  content: { type: 'message', text } satisfies TurnPart as TurnPart,
});

export function describeTurns(db: StoreUnderTest) {
  describe('turns', () => {
    test('stores parts, replaces those that have changed, and finds them in order', async () => {
      const { turns } = db.store;
      await turns.save('1', {
        state: 'open',
        nextSequence: 2,
        parts: [part(1, 1, 'b'), part(0, 0, 'a')],
      });
      await turns.save('1', { state: 'open', nextSequence: 3, parts: [part(1, 2, 'bc 😀\u0000')] });
      await turns.save('2', { state: 'complete', nextSequence: 1, parts: [] });
      await db.reopen();
      expect(await db.store.turns.find('1')).toEqual({
        state: 'open',
        nextSequence: 3,
        parts: [part(0, 0, 'a'), part(1, 2, 'bc 😀\u0000')],
      });
      expect(await db.store.turns.find('2')).toEqual({
        state: 'complete',
        nextSequence: 1,
        parts: [],
      });
      expect(await db.store.turns.find('3')).toBeUndefined();
    });

    test('deletes the parts of a turn that is partial', async () => {
      const { turns } = db.store;
      await turns.save('1', { state: 'open', nextSequence: 1, parts: [part(0, 0, 'a')] });
      await turns.save('1', { state: 'partial', nextSequence: 2, parts: [part(1, 1, 'b')] });
      await db.reopen();
      expect(await db.store.turns.find('1')).toEqual({
        state: 'partial',
        nextSequence: 2,
        parts: [],
      });
    });

    test('deletes a turn with its output', async () => {
      const parts = [part(0, 0, 'a')];
      await db.store.turns.save('1', { state: 'complete', nextSequence: 1, parts });
      await db.store.turns.save('2', { state: 'complete', nextSequence: 1, parts });
      await db.store.output.remove('1', 5, 'user');
      await db.reopen();
      expect(await db.store.turns.find('1')).toBeUndefined();
      expect((await db.store.turns.find('2'))?.parts).toEqual(parts);
    });

    test('deletes a turn with its command', async () => {
      const ended = { ...storedCommand(), ...command({ id: '1', completedAt: 10 }) };
      await db.store.commands.insert([ended, { ...ended, id: '2', completedAt: 30 }]);
      for (const id of ['1', '2']) {
        await db.store.turns.save(id, {
          state: 'complete',
          nextSequence: 1,
          parts: [part(0, 0, id)],
        });
      }
      expect(await db.store.commands.purgeBefore(20, 10)).toBe(1);
      await db.reopen();
      expect(await db.store.turns.find('1')).toBeUndefined();
      expect((await db.store.turns.find('2'))?.parts).toEqual([part(0, 0, '2')]);
    });
  });
}

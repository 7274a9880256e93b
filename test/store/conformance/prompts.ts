// The rules for Store.prompts.
import { describe, expect, test } from 'bun:test';
import type { StoredPrompt } from '../../../src/store/store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const prompt = {
  id: 'p1',
  userId: 'ada',
  name: 'Review',
  text: 'Review the last commit.\nBe brief.',
  createdAt: 1,
  updatedAt: 2,
} satisfies StoredPrompt;

export function describePrompts(db: StoreUnderTest) {
  describe('prompts', () => {
    test('lists the prompts of a user by name, and updates and removes them', async () => {
      const other = { ...prompt, id: 'p2', name: 'Fix' };
      await db.store.prompts.insert(prompt);
      await db.store.prompts.insert(other);
      await db.store.prompts.insert({ ...prompt, id: 'p3', userId: 'bob' });
      await db.reopen();
      expect(await db.store.prompts.list('ada')).toEqual([other, prompt]);
      await db.store.prompts.update('p1', { name: 'Check', updatedAt: 3 });
      await db.store.prompts.remove('p2');
      await db.store.prompts.remove('unknown');
      await db.reopen();
      expect(await db.store.prompts.list('ada')).toEqual([
        { ...prompt, name: 'Check', updatedAt: 3 },
      ]);
    });

    test('rejects a name that the user has already used', async () => {
      await db.store.prompts.insert(prompt);
      expect(await rejectionOf(db.store.prompts.insert({ ...prompt, id: 'p2' }))).not.toBe('');
      expect(await db.store.prompts.list('ada')).toEqual([prompt]);
    });

    test('are removed with their user', async () => {
      await db.store.prompts.insert(prompt);
      await db.store.users.remove('ada');
      expect(await db.store.prompts.list('ada')).toEqual([]);
    });
  });
}

// The rules for Store.commands.
import { describe, expect, test } from 'bun:test';
import { PAGE_LENGTH } from '../../../src/protocol/limits.ts';
import type { EndPosition, Store, StoredCommand } from '../../../src/store/store.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

export function describeCommands(db: StoreUnderTest) {
  describe('commands', () => {
    /** Without null fields. It is written out so that the compiler requires each new field here. */
    const whole: StoredCommand = {
      id: '1',
      agentId: 'build',
      command: `say "hi"; -- ' \\ 😀`,
      priority: 'high',
      status: 'failed',
      requestedBy: 'ada',
      requestedAt: 1_000,
      startedAt: 2_000,
      completedAt: 3_000,
      exitCode: 7,
      signal: 'SIGKILL',
      session: 'new',
      timeoutMs: 60_000,
      error: { code: 'timeout', message: 'Timed out.' },
      stopReason: 'timeout',
      disconnectedAt: 2_500,
      comparisonId: 'race',
      conversationId: 'talk',
      usage: { used: 1, size: 2, cost: { amount: 0.5, currency: 'USD' } },
      changes: { files: 1, added: 2, removed: 3 },
      editedBy: 'bob',
      changesProblem: 'timeout',
      requestId: 'r',
      attempt: 2,
      sent: true,
      journalId: 'j',
      agentNextSequence: 9,
      isOutputOpen: true,
      lastSequence: 4,
      totalBytes: 44,
      queueRank: 3,
    };

    test('keeps every field', async () => {
      const plain = storedCommand({ id: '2' });
      await db.store.commands.insert([whole, plain]);
      await db.reopen();
      expect(await db.store.commands.find('1')).toEqual(whole);
      expect(await db.store.commands.find('2')).toEqual(plain);
      expect(await db.store.commands.find('3')).toBeUndefined();
    });

    test('stores the order of a queue', async () => {
      for (const id of ['1', '2', '3']) await db.store.commands.insert(storedCommand({ id }));
      await db.store.commands.reorder(['3', 'unknown', '1']);
      await db.reopen();
      const ranks = (await db.store.commands.listUnfinished()).map(({ queueRank }) => queueRank);
      expect(ranks).toEqual([2, null, 0]);
      await db.store.commands.reorder([]);
    });

    test('finds a text that was changed, and not the earlier one', async () => {
      await db.store.commands.insert(storedCommand({ id: '1', command: 'paint the fence' }));
      await db.store.commands.update('1', { command: 'mow the lawn', editedBy: 'bob' });
      await db.reopen();
      const find = async (q: string) =>
        (await db.store.commands.listPage({ q })).items.map(({ id }) => id);
      expect([await find('mow the'), await find('paint')]).toEqual([['1'], []]);
    });

    test('lists the different texts of a user, the latest first', async () => {
      const texts = ['a', 'b', 'a', 'edited by ada', 'edited by bob', 'c'];
      for (const [index, command] of texts.entries()) {
        const editedBy = /^edited by (.*)/.exec(command)?.[1] ?? null;
        const fields = { id: String(index), command, editedBy, requestedBy: 'ada' };
        await db.store.commands.insert(storedCommand(fields));
      }
      await db.store.commands.insert(storedCommand({ id: 'x', command: 'd', requestedBy: 'bob' }));
      await db.reopen();
      expect(await db.store.commands.listTexts('ada', 10)).toEqual([
        'c',
        'edited by ada',
        'a',
        'b',
      ]);
      expect(await db.store.commands.listTexts('ada', 2)).toEqual(['c', 'edited by ada']);
      expect(await db.store.commands.listTexts('eve', 2)).toEqual([]);
    });

    test('lists ended commands whose output is open', async () => {
      await db.store.commands.insert([whole, storedCommand({ id: '2' })]);
      await db.reopen();
      expect(await db.store.commands.listWithOpenOutput()).toEqual([whole]);
      await db.store.commands.update('1', { isOutputOpen: false });
      expect(await db.store.commands.listWithOpenOutput()).toEqual([]);
    });

    test('lists the ended commands of an agent by their end, in pages', async () => {
      const ended = (id: string, completedAt: number, agentId = 'a') =>
        storedCommand({ id, agentId, completedAt, status: 'completed' });
      await db.store.commands.insert([
        ended('1', 30),
        ended('2', 10),
        ended('3', 20),
        ended('4', 20),
        ended('5', 40, 'b'),
        storedCommand({ id: '6', agentId: 'a' }),
      ]);
      const list = async (limit: number, before?: EndPosition) =>
        (await db.store.commands.listEnded('a', limit, before)).map(({ id }) => id);
      expect(await list(10)).toEqual(['1', '4', '3', '2']);
      expect(await list(2)).toEqual(['1', '4']);
      expect(await list(2, { completedAt: 20, id: '4' })).toEqual(['3', '2']);
      expect(await list(2, { completedAt: 10, id: '2' })).toEqual([]);
    });

    test('updates only the given fields', async () => {
      await db.store.commands.insert([whole, storedCommand({ id: '2' })]);
      await db.store.commands.update('1', { exitCode: null, error: null, attempt: 3 });
      await db.store.commands.update('unknown', { attempt: 9 });
      await db.reopen();
      const expected = { ...whole, exitCode: null, error: null, attempt: 3 };
      expect(await db.store.commands.find('1')).toEqual(expected);
      expect(await db.store.commands.find('2')).toEqual(storedCommand({ id: '2' }));
    });

    test('inserts several commands together or not at all', async () => {
      await db.store.commands.insert(whole);
      const taken = storedCommand({ id: '1' });
      expect(await rejectionOf(db.store.commands.insert(taken))).not.toBe('');
      expect(
        await rejectionOf(db.store.commands.insert([storedCommand({ id: '7' }), taken])),
      ).not.toBe('');
      expect(await db.store.commands.find('7')).toBeUndefined();
      await db.store.commands.insert(storedCommand({ id: '2' }));
      expect(await db.store.commands.find('1')).toEqual(whole);
    });

    test('lists unfinished commands, oldest first', async () => {
      for (const id of ['3', '1', '4', '5', '2']) {
        await db.store.commands.insert(storedCommand({ id }));
      }
      await db.store.commands.update('1', { status: 'running', sent: true });
      await db.store.commands.update('4', { status: 'interrupted' });
      await db.store.commands.update('5', { status: 'failed' });
      await db.reopen();
      const unfinished = await db.store.commands.listUnfinished();
      expect(unfinished.map(({ id, status }) => `${id} ${status}`)).toEqual([
        '1 running',
        '2 queued',
        '3 queued',
      ]);
    });

    test('lists commands with a requestId from a given time on, oldest first', async () => {
      await db.store.commands.insert([
        storedCommand({ id: '4', requestedAt: 30, requestId: 'r4' }),
        storedCommand({ id: '1', requestedAt: 10, requestId: 'r1' }),
        storedCommand({ id: '2', requestedAt: 20, requestId: 'r2' }),
        storedCommand({ id: '3', requestedAt: 25, requestId: null }),
      ]);
      const since = await db.store.commands.listRequestedSince(20);
      expect(since.map(({ id }) => id)).toEqual(['2', '4']);
    });
  });
}

export function describeCommandPages(db: StoreUnderTest) {
  describe('pages of commands', () => {
    type Query = Parameters<Store['commands']['listPage']>[0];
    const listIds = async (query: Query) =>
      (await db.store.commands.listPage(query)).items.map(({ id }) => id);
    const insertMany = (count: number) =>
      db.store.commands.insert(
        Array.from({ length: count }, (_, i) => storedCommand({ id: `c${100 + i}` })),
      );

    test('list the newest commands first', async () => {
      await insertMany(7);
      const pages: string[][] = [];
      let cursor: string | null = null;
      do {
        const page = await db.store.commands.listPage({
          limit: 3,
          ...(cursor !== null && { cursor }),
        });
        pages.push(page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(pages).toEqual([['c106', 'c105', 'c104'], ['c103', 'c102', 'c101'], ['c100']]);
    });

    test('have a default length, and no cursor on a full last page', async () => {
      await insertMany(PAGE_LENGTH + 1);
      const page = await db.store.commands.listPage({});
      expect(page.items).toHaveLength(PAGE_LENGTH);
      expect(page.nextCursor).toBe('c101');
      const last = await db.store.commands.listPage({ cursor: `c${100 + PAGE_LENGTH}` });
      expect(last.items).toHaveLength(PAGE_LENGTH);
      expect(last.nextCursor).toBeNull();
    });

    test.each<[string, Query, string[]]>([
      ['agentId', { agentId: 'a' }, ['3', '1']],
      ['an unknown agentId', { agentId: 'c' }, []],
      ['status', { status: 'completed' }, ['2', '1']],
      ['comparisonId', { comparisonId: 'race' }, ['2', '1']],
      ['compared', { compared: true }, ['4', '2', '1']],
      ['conversationId', { conversationId: 'talk' }, ['4', '3']],
      ['text', { q: 'LOGIN' }, ['4', '1']],
      ['two filters', { agentId: 'a', status: 'completed' }, ['1']],
      ['three filters', { compared: true, conversationId: 'talk', q: 'login' }, ['4']],
      ['a cursor', { cursor: '3' }, ['2', '1']],
      ['a filter and a cursor', { compared: true, cursor: '4' }, ['2', '1']],
      ['nothing', {}, ['4', '3', '2', '1']],
    ])('are filtered by %s', async (_name, query, ids) => {
      const compared = { command: 'Fix it', comparisonId: 'race', status: 'completed' } as const;
      await db.store.commands.insert([
        storedCommand({ ...compared, id: '1', agentId: 'a', command: 'Fix the login' }),
        storedCommand({ ...compared, id: '2', agentId: 'b' }),
        storedCommand({ id: '3', agentId: 'a', command: '!ls', conversationId: 'talk' }),
        storedCommand({
          id: '4',
          agentId: 'b',
          status: 'failed',
          command: 'login',
          comparisonId: 'second race',
          conversationId: 'talk',
        }),
      ]);
      expect(await listIds(query)).toEqual(ids);
    });

    test.each([
      ['100%', ['100% sure']],
      ['%', ['100% sure']],
      ['_', ['snake_case']],
      ['\\', ['back\\slash']],
      ['k\\s', ['back\\slash']],
      [`'`, [`it's`]],
      ['SNAKE', ['snake_case']],
      ['zzz', []],
      ['e', ['snake_case', '100% sure']],
    ])('match the text %p literally, ignoring case', async (q, found) => {
      const texts = ['100% sure', 'snake_case', 'back\\slash', `it's`];
      await db.store.commands.insert(
        texts.map((text, i) => storedCommand({ id: `c${i}`, command: text })),
      );
      const page = await db.store.commands.listPage({ q });
      expect(page.items.map((item) => item.command)).toEqual(found);
    });
  });
}

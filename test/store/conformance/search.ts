// The rules for searches in the history: by a text in commands and in their output.
import { describe, expect, test } from 'bun:test';
import type { CommandQuery } from '../../../src/protocol/api.ts';
import { chunk, storedCommand } from '../../support/samples.ts';
import type { StoreUnderTest } from './store-under-test.ts';

/** Text of several blocks with one line in the middle. */
const long = (line: string) => [
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
  `\n${line}\n`,
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
];

export function describeSearch(db: StoreUnderTest) {
  const listIds = async (query: CommandQuery, agentIds?: string[]) =>
    (await db.store.commands.listPage(query, agentIds)).items.map(({ id }) => id);

  async function addCommand(id: string, output: readonly string[], agentId = 'agent') {
    const changes = { id, agentId, status: 'completed', command: `!run ${id}` } as const;
    await db.store.commands.insert(storedCommand(changes));
    let offset = 0;
    const chunks = output.map((data, sequence) => {
      const one = chunk({ sequence, data, offset });
      offset += Buffer.byteLength(data);
      return one;
    });
    await db.store.output.append(id, chunks, 1, 0);
    await db.store.output.complete(id, 0);
  }

  async function find(q: string, filters: CommandQuery = {}) {
    const page = await db.store.commands.listPage({ ...filters, q });
    const { items, outputLines = {}, nextCursor } = page;
    return { found: items.map(({ id }) => [id, outputLines[id] ?? null]), nextCursor };
  }

  describe('a search in commands', () => {
    test('finds text by three or more characters of any kind, ignoring case, and shorter text without it', async () => {
      const texts = ['say "hi" now', 'grüße 😀x!', 'x AND y OR NOT z', 'a*b^c:d(e)', 'tab\there'];
      await db.store.commands.insert(
        texts.map((command, i) => storedCommand({ id: `c${i}`, command })),
      );
      for (const [id, found] of [
        ['c0', ['"hi', 'SAY ', '"hi" n', 'hi']],
        ['c1', ['grüß', '😀x!', 'üße 😀', '😀']],
        ['c2', ['AND', 'and y or not', 'NOT z', 'z']],
        ['c3', ['a*b', '^c:d(e)', ':d(']],
        ['c4', ['tab\t', '\the']],
      ] as const) {
        for (const q of found) expect([q, await listIds({ q })]).toEqual([q, [id]]);
      }
      for (const q of ['there is', 'a\0bc', '\0']) expect(await listIds({ q })).toEqual([]);
    });

    test('other queries run while a text without matches is looked for', async () => {
      for (let batch = 0; batch < 40; batch++) {
        await db.store.commands.insert(
          Array.from({ length: 1_000 }, (_, i) => storedCommand({ id: `c${batch}-${i}` })),
        );
      }
      // A test process that has to wait asks too late, or sees both answers at once, so it may try again.
      for (let attempt = 1; attempt <= 20; attempt++) {
        const answered: string[] = [];
        const search = listIds({ q: 'zz' }).finally(() => answered.push('search'));
        await new Promise((resolve) => setImmediate(resolve));
        await db.store.commands.find('c1-1').finally(() => answered.push('query'));
        expect(await search).toEqual([]);
        if (answered[0] === 'query') return;
      }
      throw new Error('The query had to wait for the search each time.');
    });

    test('pages continue although the last command of the previous one was deleted', async () => {
      const ids = Array.from({ length: 9 }, (_, i) => `c${i}`);
      await db.store.commands.insert(
        ids.map((id) =>
          storedCommand({
            id,
            command: 'make',
            status: 'completed',
            completedAt: id === 'c5' ? 1 : 9,
          }),
        ),
      );
      expect(await listIds({ q: 'make', limit: 4 })).toEqual(['c8', 'c7', 'c6', 'c5']);
      await db.store.commands.purgeBefore(5, 10);
      for (const cursor of ['c5', 'c4~']) {
        expect(await listIds({ q: 'make', cursor })).toEqual(['c4', 'c3', 'c2', 'c1', 'c0']);
      }
      expect(await listIds({ q: 'make', cursor: 'b' })).toEqual([]);
    });

    test('pages of several agents are in order', async () => {
      const agents = ['a', 'b', 'c'];
      await db.store.commands.insert(
        Array.from({ length: 12 }, (_, i) =>
          storedCommand({ id: `c${100 + i}`, agentId: agents[i % 3] ?? '', command: 'make' }),
        ),
      );
      for (const query of [
        {},
        { q: 'make' },
        { q: 'm' },
        { status: 'queued' as const },
        { status: 'queued' as const, q: 'make' },
      ]) {
        const first = await db.store.commands.listPage({ ...query, limit: 3 }, ['a', 'c']);
        expect(first.items.map(({ id }) => id)).toEqual(['c111', 'c109', 'c108']);
        const cursor = first.nextCursor ?? '';
        expect(await listIds({ ...query, cursor }, ['a', 'c'])).toEqual([
          'c106',
          'c105',
          'c103',
          'c102',
          'c100',
        ]);
        expect(await listIds(query, [])).toEqual([]);
      }
    });
  });

  describe.each(['indexed', 'not indexed'])('a search in output that is %s', (state) => {
    const prepare = async () => {
      if (state === 'indexed') await db.waitUntilIndexed();
    };

    test('is found by its lines, the newest command first, without regard to case', async () => {
      await addCommand('1', ['first\nError: connection refused by host\nlast\n']);
      await addCommand('2', ['nothing\n']);
      await addCommand('3', long('  an error: Connection Refused.'));
      await prepare();
      expect((await find('connection refused')).found).toEqual([
        ['3', 'an error: Connection Refused.'],
        ['1', 'Error: connection refused by host'],
      ]);
      expect((await find('refused connection')).found).toEqual([]);
      expect((await find('run 2')).found).toEqual([['2', null]]);
    });

    test('is found across chunks, blocks and escape sequences', async () => {
      await addCommand('1', ['\u001b[31mcol', 'our\u001b[0mful\r\n']);
      const padding = 'x'.repeat(9_999);
      const chunks = Array.from({ length: 27 }, () => `${padding}\n`);
      await addCommand('2', [...chunks.slice(0, 26), 'split ac', 'ross blocks', ...chunks]);
      await prepare();
      expect((await find('colourful')).found).toEqual([['1', 'colourful']]);
      const lines = (await find('ross blocks')).found;
      expect(lines.map(([id]) => id)).toEqual(['2']);
      expect((await find('split across')).found.map(([id]) => id)).toEqual(['2']);
    });

    test('is found with filters, in pages', async () => {
      for (let i = 1; i <= 9; i++) await addCommand(`${i}`, ['needle\n'], i % 2 ? 'odd' : 'even');
      await prepare();
      const first = await find('needle', { agentId: 'odd', limit: 2 });
      expect(first.found.map(([id]) => id)).toEqual(['9', '7']);
      const second = await find('needle', {
        agentId: 'odd',
        limit: 2,
        cursor: first.nextCursor ?? '',
      });
      expect(second.found.map(([id]) => id)).toEqual(['5', '3']);
      const granted = await db.store.commands.listPage({ q: 'needle' }, ['even']);
      expect(granted.items.map(({ id }) => id)).toEqual(['8', '6', '4', '2']);
    });

    test('is not found after it was deleted', async () => {
      await addCommand('1', ['needle\n']);
      await prepare();
      await db.store.output.remove('1', 1, 'user');
      expect((await find('needle')).found).toEqual([]);
      while (await db.store.output.purge({ reason: 'quota', limit: 1e9, time: 2 }));
      expect((await find('needle')).found).toEqual([]);
    });
  });

  test('a long line of output is shortened around the text', async () => {
    await addCommand('1', [`${'a'.repeat(500)} needle ${'b'.repeat(500)}\n`]);
    const [[, line] = []] = (await find('needle')).found;
    expect(line).toStartWith('…a');
    expect(line).toContain(' needle b');
    expect(line?.length).toBeLessThan(210);
  });
}

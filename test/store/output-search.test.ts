// The search in output on SQLite: finding it in blocks that are indexed and in those that are not, and damaged blocks.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { chunk, storedCommand } from '../support/samples.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

let folder: ReturnType<typeof createTemporaryFolder>;
let file: string;
let store: Store;

beforeEach(() => {
  folder = createTemporaryFolder();
  file = join(folder.path, 'signalbox.db');
  store = openStore(file);
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

async function addCommand(id: string, output: readonly string[], agentId = 'agent') {
  const changes = { id, agentId, status: 'completed', command: `!run ${id}` } as const;
  await store.commands.insert(storedCommand(changes));
  let offset = 0;
  const chunks = output.map((data, sequence) => {
    const one = chunk({ sequence, data, offset });
    offset += Buffer.byteLength(data);
    return one;
  });
  await store.output.append(id, chunks, 1, 0);
  await store.output.complete(id, 0);
}

async function search(q: string, filters: Parameters<Store['commands']['listPage']>[0] = {}) {
  const { items, outputLines = {}, nextCursor } = await store.commands.listPage({ ...filters, q });
  return { found: items.map(({ id }) => [id, outputLines[id] ?? null]), nextCursor };
}

function count(table: string): number {
  using database = new Database(file, { strict: true });
  return database.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
}

/** Opens the store again, which indexes at once. */
async function waitUntilIndexed() {
  await store.close();
  store = openStore(file);
  while (count('output_blocks WHERE is_indexed = 0') > 0) await store.probe();
}

/** Text of several blocks with one line in the middle. */
const long = (line: string) => [
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
  `\n${line}\n`,
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
];

describe.each(['indexed', 'not indexed'])('output that is %s', (state) => {
  const prepare = async () => {
    if (state === 'indexed') await waitUntilIndexed();
  };

  test('is found by its lines, the newest command first, without regard to case', async () => {
    await addCommand('1', ['first\nError: connection refused by host\nlast\n']);
    await addCommand('2', ['nothing\n']);
    await addCommand('3', long('  an error: Connection Refused.'));
    await prepare();
    expect((await search('connection refused')).found).toEqual([
      ['3', 'an error: Connection Refused.'],
      ['1', 'Error: connection refused by host'],
    ]);
    expect((await search('refused connection')).found).toEqual([]);
    expect((await search('run 2')).found).toEqual([['2', null]]);
  });

  test('is found across chunks, blocks and escape sequences', async () => {
    await addCommand('1', ['\u001b[31mcol', 'our\u001b[0mful\r\n']);
    const padding = 'x'.repeat(9_999);
    const chunks = Array.from({ length: 27 }, () => `${padding}\n`);
    await addCommand('2', [...chunks.slice(0, 26), 'split ac', 'ross blocks', ...chunks]);
    await prepare();
    expect((await search('colourful')).found).toEqual([['1', 'colourful']]);
    const lines = (await search('ross blocks')).found;
    expect(lines.map(([id]) => id)).toEqual(['2']);
    expect((await search('split across')).found.map(([id]) => id)).toEqual(['2']);
  });

  test('is found with filters, in pages', async () => {
    for (let i = 1; i <= 9; i++) await addCommand(`${i}`, ['needle\n'], i % 2 ? 'odd' : 'even');
    await prepare();
    const first = await search('needle', { agentId: 'odd', limit: 2 });
    expect(first.found.map(([id]) => id)).toEqual(['9', '7']);
    const second = await search('needle', {
      agentId: 'odd',
      limit: 2,
      cursor: first.nextCursor ?? '',
    });
    expect(second.found.map(([id]) => id)).toEqual(['5', '3']);
    const granted = await store.commands.listPage({ q: 'needle' }, ['even']);
    expect(granted.items.map(({ id }) => id)).toEqual(['8', '6', '4', '2']);
  });

  test('is not found after it was deleted', async () => {
    await addCommand('1', ['needle\n']);
    await prepare();
    await store.output.remove('1', 1, 'user');
    expect((await search('needle')).found).toEqual([]);
    while (await store.output.purge({ reason: 'quota', limit: 1e9, time: 2 }));
    expect((await search('needle')).found).toEqual([]);
    expect(count('output_search')).toBe(0);
  });
});

test('a long line is shortened around the text', async () => {
  await addCommand('1', [`${'a'.repeat(500)} needle ${'b'.repeat(500)}\n`]);
  const [[, line] = []] = (await search('needle')).found;
  expect(line).toStartWith('…a');
  expect(line).toContain(' needle b');
  expect(line?.length).toBeLessThan(210);
});

test('a damaged block is reported, and the others are read', async () => {
  await addCommand('1', long('needle'));
  {
    using database = new Database(file);
    database.run('UPDATE output_blocks SET data = zeroblob(100) WHERE first_sequence = 0');
  }
  const damaged = await store.output.listFrom('1', 0);
  expect(damaged).toMatchObject({ chunks: [], damage: 'Error: A block of output is damaged.' });
  const next = await store.output.listFrom('1', damaged?.nextSequence ?? 0);
  expect(next?.damage).toBeNull();
  const total = Buffer.byteLength(long('needle').join(''));
  const readable = await store.output.countBytes('1', 81);
  expect(readable).toBe(total - (damaged?.nextSequence ?? 0) * 10_000);
  expect((await search('needle')).found.map(([id]) => id)).toEqual(['1']);
});

// The index of output on SQLite: that it shrinks, and damaged blocks.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
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

/** Text of several blocks with one line in the middle. */
const long = (line: string) => [
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
  `\n${line}\n`,
  ...Array.from({ length: 40 }, (_, i) => `${i} `.padEnd(10_000, 'filler ')),
];

test('the index no longer contains output that was deleted', async () => {
  await addCommand('1', ['needle\n']);
  await store.close();
  store = openStore(file);
  while (count('output_search') === 0) await store.probe();
  await store.output.remove('1', 1, 'user');
  while (await store.output.purge({ reason: 'quota', limit: 1e9, time: 2 }));
  expect(count('output_search')).toBe(0);
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

// What the hub remembers, in a real SQLite file: what is committed another opening of it finds again.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { getTableName } from 'drizzle-orm';
import { join } from 'node:path';
import * as schema from '../../src/store/schema.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store, StoredChunk, StoredCommand } from '../../src/store/store.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-store-'));
  file = join(folder, 'a.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function command(id: string, more: Partial<StoredCommand> = {}): StoredCommand {
  return {
    id,
    agentId: 'agent',
    command: '!ls',
    priority: 'normal',
    status: 'queued',
    requestedBy: 'ada',
    requestedAt: 1_000,
    startedAt: null,
    completedAt: null,
    exitCode: null,
    session: 'continue',
    timeoutMs: 300_000,
    signal: null,
    error: null,
    comparisonId: null,
    conversationId: null,
    usage: null,
    changes: null,
    requestId: null,
    attempt: 0,
    sent: false,
    journalId: null,
    agentNextSequence: 0,
    lastSequence: null,
    totalBytes: null,
    ...more,
  };
}

function chunk(sequence: number, data: string, more: Partial<StoredChunk> = {}): StoredChunk {
  return { sequence, type: 'stdout', data, timestamp: 5, offset: 0, lostBytes: 0, ...more };
}

/** Uses the store, closes it, and opens it again. */
async function reopened(act: (store: Store) => Promise<unknown>): Promise<Store> {
  const store = openStore(file);
  await act(store);
  await store.close();
  return openStore(file);
}

describe('opening', () => {
  test('a fresh file gets every table and a version; opening it again changes nothing', async () => {
    const store = await reopened((first) => first.commands.insert(command('1')));
    const other = new Database(file, { readonly: true });
    const tables = other
      .query<{ name: string }, []>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1`)
      .all();
    const declared = Object.values(schema).map((table) => getTableName(table));
    expect(tables.map(({ name }) => name)).toEqual(declared.toSorted());
    expect(other.query('PRAGMA user_version').get()).toEqual({ user_version: 1 });
    expect(other.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    other.close();
    expect(await store.commands.find('1')).toEqual(command('1'));
    await store.close();
  });

  const damages: [string, RegExp, () => void][] = [
    [
      'a file of a newer Signalbox',
      /newer Signalbox \(schema 99/,
      () => {
        const database = new Database(file);
        database.run('CREATE TABLE later (x)');
        database.run('PRAGMA user_version = 99');
        database.close();
      },
    ],
    ['a file that is no database', /not a database/, () => writeFileSync(file, 'x'.repeat(8192))],
    [
      'a file that was cut short',
      /damaged|malformed/,
      () => {
        const database = new Database(file);
        database.run('CREATE TABLE t (x)');
        database.run(
          'INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT hex(zeroblob(200)) FROM n',
        );
        database.close();
        truncateSync(file, 20_480);
      },
    ],
    [
      'a file with a page of rubbish in it',
      /damaged|malformed/,
      () => {
        const database = new Database(file);
        database.run('CREATE TABLE t (x)');
        database.run(
          'INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT hex(zeroblob(200)) FROM n',
        );
        database.close();
        const bytes = readFileSync(file);
        bytes.fill(0xa5, 8192, 12_288);
        writeFileSync(file, bytes);
      },
    ],
  ];

  test.each(damages)('%s is refused, and left as it was', (_name, why, make) => {
    make();
    const before = readFileSync(file);
    expect(() => openStore(file)).toThrow(why);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.db']);
  });
});

describe('commands', () => {
  test('come back as they were, with every field set', async () => {
    const whole = command('1', {
      command: `say "hi"; -- ' \\ \u0000 😀`,
      priority: 'high',
      status: 'failed',
      startedAt: 2_000,
      completedAt: 3_000,
      exitCode: 7,
      session: 'new',
      error: { code: 'timeout', message: 'Too long.' },
      requestId: 'r',
      attempt: 2,
      sent: true,
      journalId: 'j',
      agentNextSequence: 9,
      lastSequence: 4,
      totalBytes: 44,
    });
    const store = await reopened((first) => first.commands.insert(whole));
    expect(await store.commands.find('1')).toEqual(whole);
    expect(await store.commands.find('2')).toBeUndefined();
    await store.close();
  });

  test('are changed by a part, and found while unfinished, oldest first', async () => {
    const store = await reopened(async (first) => {
      for (const id of ['3', '1', '4', '2']) await first.commands.insert(command(id));
      await first.commands.update('1', { status: 'running', sent: true });
      await first.commands.update('4', { status: 'interrupted' });
    });
    const unfinished = await store.commands.unfinished();
    expect(unfinished.map(({ id, status }) => `${id} ${status}`)).toEqual([
      '1 running',
      '2 queued',
      '3 queued',
    ]);
    await store.close();
  });

  test('with a requestId are found from a moment on, in the order of their requests', async () => {
    const store = openStore(':memory:');
    const at = (id: string, requestedAt: number, requestId: string | null) =>
      store.commands.insert(command(id, { requestedAt, requestId }));
    await at('4', 30, 'r4');
    await at('1', 10, 'r1');
    await at('2', 20, 'r2');
    await at('3', 25, null);
    const since = await store.commands.requestedSince(20);
    expect(since.map(({ id }) => id)).toEqual(['2', '4']);
    await store.close();
  });

  test('an insert with an id that is taken fails, and changes nothing', async () => {
    const store = openStore(':memory:');
    await store.commands.insert(command('1'));
    expect(store.commands.insert(command('1', { command: '!rm' }))).rejects.toThrow();
    // Of several, all are kept or none.
    expect(store.commands.insert(command('7'), command('1'))).rejects.toThrow();
    expect(await store.commands.find('7')).toBeUndefined();
    await store.commands.insert(command('2'));
    expect((await store.commands.find('1'))?.command).toBe('!ls');
    await store.close();
  });
});

describe('pages of commands', () => {
  let store: Store;
  const ids = async (query: Parameters<Store['commands']['page']>[0]) =>
    (await store.commands.page(query)).items.map(({ id }) => id);

  beforeEach(() => {
    store = openStore(':memory:');
  });
  afterEach(() => store.close());

  test('lead from the newest to the oldest, each once, and the last says so', async () => {
    for (let i = 0; i < 7; i++) await store.commands.insert(command(`c${i}`));
    const seen: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store.commands.page({ limit: 3, ...(cursor !== null && { cursor }) });
      seen.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([['c6', 'c5', 'c4'], ['c3', 'c2', 'c1'], ['c0']]);
  });

  test('hold 50 unless asked otherwise; a page that is just full is the last', async () => {
    for (let i = 0; i < 51; i++) await store.commands.insert(command(`c${100 + i}`));
    const page = await store.commands.page({});
    expect(page.items).toHaveLength(50);
    expect(page.nextCursor).toBe('c101');
    expect(await store.commands.page({ cursor: 'c150' })).toMatchObject({ nextCursor: null });
  });

  test('are narrowed by agent, by status, and by both', async () => {
    await store.commands.insert(command('1', { agentId: 'a', status: 'completed' }));
    await store.commands.insert(command('2', { agentId: 'b', status: 'completed' }));
    await store.commands.insert(command('3', { agentId: 'a', status: 'failed' }));
    expect(await ids({ agentId: 'a' })).toEqual(['3', '1']);
    expect(await ids({ status: 'completed' })).toEqual(['2', '1']);
    expect(await ids({ agentId: 'a', status: 'completed' })).toEqual(['1']);
    expect(await ids({ agentId: 'c' })).toEqual([]);
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
  ])('are searched for %p taken literally', async (q, found) => {
    const texts = ['100% sure', 'snake_case', 'back\\slash', `it's`];
    for (const [i, text] of texts.entries()) {
      await store.commands.insert(command(`c${i}`, { command: text }));
    }
    const page = await store.commands.page({ q });
    expect(page.items.map((item) => item.command)).toEqual(found);
  });
});

describe('output', () => {
  test('comes back in order with the agent sequence it was kept with', async () => {
    const chunks = [
      chunk(0, 'a\u0000b'),
      chunk(1, '😀', { type: 'stderr', offset: 3 }),
      chunk(2, '', { offset: 7, lostBytes: 50 }),
      chunk(3, 'end', { offset: 57 }),
    ];
    const store = await reopened(async (first) => {
      await first.commands.insert(command('1'));
      await first.output.append('1', chunks.slice(0, 2), 5, 0);
      await first.output.append('1', chunks.slice(2), 9, 0);
    });
    expect(await store.output.of('1')).toEqual(chunks);
    expect((await store.commands.find('1'))?.agentNextSequence).toBe(9);
    await store.close();
  });

  test('and the agent sequence are kept together or not at all', async () => {
    const store = openStore(':memory:');
    await store.commands.insert(command('1'));
    await store.output.append('1', [chunk(0, 'a')], 1, 0);
    expect(store.output.append('1', [chunk(1, 'b'), chunk(0, 'c')], 3, 0)).rejects.toThrow();
    await store.output.append('2', [], 0, 0);
    expect(await store.output.of('1')).toEqual([chunk(0, 'a')]);
    expect((await store.commands.find('1'))?.agentNextSequence).toBe(1);
    await store.close();
  });

  test('that is no longer held goes in strokes', async () => {
    const store = openStore(':memory:');
    await Promise.all(
      Array.from({ length: 130 }, (_, i) =>
        store.output.append('1', [chunk(i, 'x')], i + 1, Math.max(0, i - 10)),
      ),
    );
    const left = (await store.output.of('1')).map(({ sequence }) => sequence);
    expect(left[0]).toBe(128 - 10);
    expect(left.at(-1)).toBe(129);
    await store.close();
  });

  test('is freed by command, or for all commands but some', async () => {
    const store = openStore(':memory:');
    for (const id of ['1', '2', '3', '4']) await store.output.append(id, [chunk(0, id)], 1, 0);
    await store.output.free('2');
    await store.output.freeAllBut(['3']);
    const left = await Promise.all(['1', '2', '3', '4'].map((id) => store.output.of(id)));
    expect(left.map(({ length }) => length)).toEqual([0, 0, 1, 0]);
    await store.output.freeAllBut([]);
    expect(await store.output.of('3')).toEqual([]);
    await store.close();
  });
});

test('agents and users are kept, found, counted and removed', async () => {
  const agent = {
    agentId: 'b',
    agentType: 'codex',
    tokenHash: 'h',
    createdAt: 1,
    createdBy: 'ada',
  } as const;
  const user = { id: 'ada', passwordHash: 'p', role: 'admin', createdAt: 1 } as const;
  const store = await reopened(async (first) => {
    expect(await first.users.count()).toBe(0);
    await first.agents.insert(agent);
    await first.agents.insert({ ...agent, agentId: 'a' });
    await first.users.insert(user);
  });
  expect((await store.agents.all()).map(({ agentId }) => agentId)).toEqual(['a', 'b']);
  await store.agents.remove('a');
  expect(await store.agents.all()).toEqual([agent]);
  expect(await store.users.find('ada')).toEqual(user);
  expect(await store.users.find('eve')).toBeUndefined();
  expect(await store.users.count()).toBe(1);
  expect(store.users.insert(user)).rejects.toThrow();
  await store.close();
});

test('the log of connections is kept until it is purged by age', async () => {
  const store = openStore(file);
  const line = {
    kind: 'dashboard',
    peer: 'ada',
    disconnectedAt: null,
    closeCode: null,
    closeReason: null,
    clientInfo: { userAgent: 'x', timezone: 'UTC' },
  } as const;
  await store.connections.opened({ ...line, id: 'old', connectedAt: 99 });
  await store.connections.opened({ ...line, id: 'new', connectedAt: 100 });
  await store.connections.closed('new', 200, 1001, 'shutdown');
  await store.connections.purgeBefore(100);
  await store.close();
  const other = new Database(file);
  expect(other.query('SELECT * FROM connections').all()).toEqual([
    {
      id: 'new',
      kind: 'dashboard',
      peer: 'ada',
      connected_at: 100,
      disconnected_at: 200,
      close_code: 1001,
      close_reason: 'shutdown',
      client_info: '{"userAgent":"x","timezone":"UTC"}',
    },
  ]);
  other.close();
});

test('closing commits what was still to be committed', async () => {
  const store = openStore(file);
  const written = store.connections.purgeBefore(0);
  const inserted = store.commands.insert(command('1'));
  await store.close();
  await Promise.all([written, inserted]);
  const again = openStore(file);
  expect(await again.commands.find('1')).toBeDefined();
  await again.close();
});

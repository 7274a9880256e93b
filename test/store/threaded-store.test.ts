// The store in threads: that it is the same store, and what happens when a thread or the file fails.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openThreadedStore, type StoreNotice } from '../../src/store/threaded-store.ts';
import { rejectionOf } from '../support/rejection.ts';
import { chunk, storedCommand } from '../support/samples.ts';
import { countUnindexed } from '../support/sqlite.ts';
import { describeStore } from './store-conformance.ts';

const createFolder = () => mkdtempSync(join(tmpdir(), 'signalbox-store-'));

describeStore('SQLite in threads', () => {
  const folder = createFolder();
  return {
    open: async () => (await openThreadedStore(join(folder, 'a.db'))).store,
    countUnindexed: () => countUnindexed(join(folder, 'a.db')),
    remove: () => rmSync(folder, { recursive: true }),
  };
});

let folder: string;
let file: string;
let stores: Store[];

beforeEach(() => {
  folder = createFolder();
  file = join(folder, 'a.db');
  stores = [];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(folder, { recursive: true });
});

async function open(path = file) {
  const opened = await openThreadedStore(path);
  stores.push(opened.store);
  return opened;
}

/** Overwrites a page of the largest table, so that opening the file does not read it. */
function damage(path: string) {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, bytes.length - 8_192, bytes.length - 4_096);
  writeFileSync(path, bytes);
}

async function fill(store: Store) {
  const data = 'x'.repeat(1_000);
  const chunks = Array.from({ length: 200 }, (_, sequence) => chunk({ sequence, data }));
  await store.output.append('c1', chunks, 200, 0);
}

test('a query does not wait for a write', async () => {
  const { store } = await open();
  await store.commands.insert(storedCommand({ id: '1' }));
  using other = new Database(file);
  // The store may be indexing the command.
  other.run('PRAGMA busy_timeout = 5000');
  other.run('BEGIN IMMEDIATE');
  const write = store.commands.insert(storedCommand({ id: '2' }));
  expect(await store.commands.find('1')).toEqual(storedCommand({ id: '1' }));
  expect(await store.commands.find('2')).toBeUndefined();
  other.run('COMMIT');
  await write;
  expect(await store.commands.find('2')).toEqual(storedCommand({ id: '2' }));
});

test('a clean end leaves one file', async () => {
  const { store } = await openThreadedStore(file);
  await fill(store);
  await store.close();
  expect(readdirSync(folder)).toEqual(['a.db']);
});

test('a failed call keeps the code of its error', async () => {
  const { store } = await open();
  await store.commands.insert(storedCommand({ id: '1' }));
  const error = await store.commands.insert(storedCommand({ id: '1' })).catch((reason) => reason);
  expect(error).toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
});

test('a file that is not a database is rejected and left unchanged', async () => {
  writeFileSync(file, 'x'.repeat(8_192));
  expect(await rejectionOf(openThreadedStore(file))).toContain('damaged (file is not a database)');
  expect(readFileSync(file, 'utf8')).toBe('x'.repeat(8_192));
  expect(readdirSync(folder)).toEqual(['a.db']);
});

describe('a damaged page', () => {
  /** Copies the files of an open store, as a crash would leave them. */
  async function crash(): Promise<string> {
    const { store } = await open();
    await fill(store);
    using other = new Database(file);
    other.run('PRAGMA wal_checkpoint(TRUNCATE)');
    await store.connections.markAllClosed(0, 0, '');
    const copy = join(folder, 'copy.db');
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix);
    return copy;
  }

  test('is found in the background after an unclean end, and at each start from then on', async () => {
    const copy = await crash();
    damage(copy);
    for (let start = 0; start < 2; start++) {
      const { store, damaged } = await open(copy);
      expect(await damaged).toMatch(
        /^The database is damaged \(.+page.+\)\. Restore it from a backup\.$/s,
      );
      await store.close();
    }
  });

  test('is not found in an intact file, which is then not checked again', async () => {
    const copy = await crash();
    const notices: StoreNotice[] = [];
    const checked = Promise.withResolvers<void>();
    const { store } = await openThreadedStore(copy, (notice) => {
      notices.push(notice);
      checked.resolve();
    });
    await checked.promise;
    expect(notices).toEqual([
      { level: 'info', message: 'The database was checked and is intact.' },
    ]);
    await store.close();
    expect(existsSync(`${copy}.unchecked`)).toBe(false);
  });

  test('prevents an upgrade, which would lose what it cannot read', async () => {
    const first = openStore(file);
    await fill(first);
    await first.close();
    {
      using database = new Database(file);
      database.run('PRAGMA user_version = 1');
    }
    damage(file);
    expect(await rejectionOf(openThreadedStore(file))).toContain('The database is damaged');
  });

  test('is an error that names it when it is read', async () => {
    const first = openStore(file);
    await fill(first);
    await first.close();
    damage(file);
    const { store, damaged } = await open();
    const error = /^The database is damaged \(.+page.+\)\. Restore it from a backup\.$/s;
    const reason = await store.output
      .listLatest('c1', Infinity)
      .catch((failure: Error) => failure.message);
    expect(reason).toMatch(error);
    expect(await damaged).toMatch(error);
  });
});

const ENDED = 'The database thread ended';

test('the end of the reader fails its calls', async () => {
  const { store, failed, workers } = await openWithWorkers();
  const calls = [() => store.agents.list(), () => store.commands.find('1')];
  const pending = calls.map((call) => call());
  workers.reader?.terminate();
  for (const call of pending) expect(await rejectionOf(call)).toContain(ENDED);
  expect((await failed).message).toContain(ENDED);
  for (const call of calls) expect(await rejectionOf(call())).toContain(ENDED);
});

test('the end of the writer leaves its calls open, because they may have been committed, and fails later ones', async () => {
  const { store, failed, workers } = await openWithWorkers();
  let isSettled = false;
  void store.agents.remove('a').finally(() => (isSettled = true));
  workers.writer?.terminate();
  expect((await failed).message).toContain(ENDED);
  expect(await rejectionOf(store.probe())).toContain(ENDED);
  expect(isSettled).toBe(false);
});

test('a value that cannot be sent to a thread ends it', async () => {
  const { store, failed } = await open();
  const value = (() => undefined) as unknown as string;
  void store.agents.remove(value).catch(() => undefined);
  expect((await failed).message).toContain(ENDED);
  expect(await rejectionOf(store.probe())).toContain(ENDED);
});

test('an error that nobody catches ends the thread', async () => {
  const { store, failed, workers } = await openWithWorkers();
  workers.writer?.postMessage(null);
  expect((await failed).message).toMatch(/^The database thread ended: .*null is not an object/s);
  expect(await rejectionOf(store.probe())).toContain('The database thread ended');
});

/** Opens a store, and returns its workers too. */
async function openWithWorkers() {
  const started: Worker[] = [];
  const NativeWorker = globalThis.Worker;
  globalThis.Worker = class extends NativeWorker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      started.push(this);
    }
  };
  try {
    const opened = await open();
    const [writer, reader] = started;
    return { ...opened, workers: { writer, reader } };
  } finally {
    globalThis.Worker = NativeWorker;
  }
}

// The store in threads: that it is the same store, and what happens when a thread or the file fails.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  copyFileSync,
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
import { openThreadedStore } from '../../src/store/threaded-store.ts';
import { rejectionOf } from '../support/rejection.ts';
import { chunk, storedCommand } from '../support/samples.ts';
import { describeStore } from './store-conformance.ts';

const createFolder = () => mkdtempSync(join(tmpdir(), 'signalbox-store-'));

describeStore('SQLite in threads', () => {
  const folder = createFolder();
  return {
    open: async () => (await openThreadedStore(join(folder, 'a.db'))).store,
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

  test('is found in the background after an unclean end', async () => {
    const copy = await crash();
    damage(copy);
    const { damaged } = await open(copy);
    expect(await damaged).toMatch(
      /^The database is damaged \(.+page.+\)\. Restore it from a backup\.$/s,
    );
  });

  test('is an error that names it when it is read', async () => {
    const first = openStore(file);
    await fill(first);
    await first.close();
    damage(file);
    const { store, damaged } = await open();
    const error = /^The database is damaged \(.+page.+\)\. Restore it from a backup\.$/s;
    const reason = await store.output.list('c1').catch((failure: Error) => failure.message);
    expect(reason).toMatch(error);
    expect(await damaged).toMatch(error);
  });
});

test.each(['writer', 'reader'] as const)('the end of the %s fails all calls', async (role) => {
  const { store, failed, workers } = await openWithWorkers();
  const calls =
    role === 'writer'
      ? [() => store.probe(), () => store.agents.remove('a')]
      : [() => store.users.list(), () => store.commands.find('1')];
  const pending = calls.map((call) => call());
  workers[role]?.terminate();
  const ended = 'The database thread ended';
  for (const call of pending) expect(await rejectionOf(call)).toContain(ended);
  expect((await failed).message).toContain(ended);
  for (const call of calls) expect(await rejectionOf(call())).toContain(ended);
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

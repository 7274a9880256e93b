import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGroupCommit, type GroupCommit } from '../../src/store/group-commit.ts';

let folder: string;
let database: Database;
/** A second connection, which sees only committed data. */
let other: Database;
let commit: GroupCommit;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-commit-'));
  database = new Database(join(folder, 'a.db'));
  database.run('PRAGMA journal_mode = WAL');
  database.run('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)');
  other = new Database(join(folder, 'a.db'));
  commit = createGroupCommit(database);
});
afterEach(() => {
  database.close();
  other.close();
  rmSync(folder, { recursive: true });
});

const note = (text: string | null) => () =>
  void database.run('INSERT INTO notes (text) VALUES (?)', [text]);
const listCommitted = () =>
  other
    .query<{ text: string }, []>('SELECT text FROM notes ORDER BY id')
    .all()
    .map(({ text }) => text);

describe.each(['write', 'writeDeferred'] as const)('%s', (method) => {
  test('resolves only once another connection can see the write', async () => {
    const first = commit[method](note('a'));
    const second = commit[method](note('b'));
    expect(listCommitted()).toEqual([]);
    await first;
    expect(listCommitted()).toEqual(['a', 'b']);
    await second;
  });

  test('rejects only the writes that failed, and keeps the order of the others', async () => {
    const results = await Promise.allSettled(
      ['a', 'b', 'a', null, 'c'].map((text) => commit[method](note(text))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(listCommitted()).toEqual(['a', 'b', 'c']);
  });

  test('rolls back a write that fails halfway', async () => {
    const failing = commit[method](() => {
      note('a')();
      throw new Error('failed halfway');
    });
    const next = commit[method](note('b'));
    expect(failing).rejects.toThrow('failed halfway');
    await next;
    expect(listCommitted()).toEqual(['b']);
  });

  test('is committed immediately by flush', async () => {
    const promise = commit[method](note('a'));
    commit.flush();
    expect(listCommitted()).toEqual(['a']);
    await promise;
  });
});

test('immediate and deferred writes share one order', async () => {
  const deferred = commit.writeDeferred(note('a'));
  await commit.write(note('b'));
  expect(listCommitted()).toEqual(['a', 'b']);
  await deferred;
});

test('concurrent writes share one commit', async () => {
  const commits = () =>
    other.query<{ data_version: number }, []>('PRAGMA data_version').get()?.data_version ?? 0;
  const many = Array.from({ length: 50 }, (_, i) => commit.write(note(String(i))));
  const before = commits();
  await many[0];
  expect(listCommitted()).toHaveLength(50);
  const after = commits();
  expect(after).not.toBe(before);
  await Promise.all(many);
  expect(commits()).toBe(after);
});

test('a write made when another resolves is in the next commit', async () => {
  await commit.write(note('a')).then(() => commit.write(note('b')));
  expect(listCommitted()).toEqual(['a', 'b']);
});

test('a locked database rejects the write, and accepts later ones', async () => {
  database.run('PRAGMA busy_timeout = 0');
  other.run('BEGIN IMMEDIATE');
  const rejected = commit.write(note('a'));
  expect(rejected).rejects.toThrow('locked');
  await rejected.catch(() => undefined);
  other.run('ROLLBACK');
  await commit.write(note('b'));
  expect(listCommitted()).toEqual(['b']);
});

import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGroupCommit, type GroupCommit } from '../../src/store/group-commit.ts';

let folder: string;
let database: Database;
/** Another connection: it sees only what is committed. */
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
const seenByOthers = () =>
  other
    .query<{ text: string }, []>('SELECT text FROM notes ORDER BY id')
    .all()
    .map(({ text }) => text);

describe.each(['write', 'writeSoon'] as const)('%s', (how) => {
  test('fulfils its promise only once another connection can see the write', async () => {
    const first = commit[how](note('a'));
    const second = commit[how](note('b'));
    expect(seenByOthers()).toEqual([]);
    await first;
    expect(seenByOthers()).toEqual(['a', 'b']);
    await second;
  });

  test('a bad write fails only itself, and the others keep their order', async () => {
    const results = await Promise.allSettled(
      ['a', 'b', 'a', null, 'c'].map((text) => commit[how](note(text))),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(seenByOthers()).toEqual(['a', 'b', 'c']);
  });

  test('a write that fails half way leaves nothing of itself', async () => {
    const half = commit[how](() => {
      note('a')();
      throw new Error('changed my mind');
    });
    const whole = commit[how](note('b'));
    expect(half).rejects.toThrow('changed my mind');
    await whole;
    expect(seenByOthers()).toEqual(['b']);
  });

  test('flush commits at once what has gathered', async () => {
    const promise = commit[how](note('a'));
    commit.flush();
    expect(seenByOthers()).toEqual(['a']);
    await promise;
  });
});

test('writes that may wait and writes that may not keep one order', async () => {
  const soon = commit.writeSoon(note('a'));
  await commit.write(note('b'));
  expect(seenByOthers()).toEqual(['a', 'b']);
  await soon;
});

test('writes that come together are one commit', async () => {
  const commits = () =>
    other.query<{ data_version: number }, []>('PRAGMA data_version').get()?.data_version ?? 0;
  const many = Array.from({ length: 50 }, (_, i) => commit.write(note(String(i))));
  const before = commits();
  await many[0];
  expect(seenByOthers()).toHaveLength(50);
  const after = commits();
  expect(after).not.toBe(before);
  await Promise.all(many);
  expect(commits()).toBe(after);
});

test('a write made by what a commit lets go is in the next commit', async () => {
  await commit.write(note('a')).then(() => commit.write(note('b')));
  expect(seenByOthers()).toEqual(['a', 'b']);
});

test('nothing is lost where the file is locked for a while', async () => {
  database.run('PRAGMA busy_timeout = 0');
  other.run('BEGIN IMMEDIATE');
  const refused = commit.write(note('a'));
  expect(refused).rejects.toThrow('locked');
  await refused.catch(() => undefined);
  other.run('ROLLBACK');
  await commit.write(note('b'));
  expect(seenByOthers()).toEqual(['b']);
});

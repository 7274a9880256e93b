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
import { join } from 'node:path';
import { getTableName } from 'drizzle-orm';
import { migrations } from '../../src/store/migrations.ts';
import * as schema from '../../src/store/schema.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { storedCommand } from '../support/samples.ts';
import { countUnindexed } from '../support/sqlite.ts';
import { describeStore } from './store-conformance.ts';

const createFolder = () => mkdtempSync(join(tmpdir(), 'signalbox-store-'));

describeStore('SQLite', () => {
  const folder = createFolder();
  const file = join(folder, 'a.db');
  return {
    open: () => openStore(file),
    countUnindexed: () => countUnindexed(file),
    remove: () => rmSync(folder, { recursive: true }),
  };
});

let folder: string;
let file: string;

beforeEach(() => {
  folder = createFolder();
  file = join(folder, 'a.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a SQLite file', () => {
  test('is created with every table, a version and WAL, and keeps its data', async () => {
    const first = openStore(file);
    await first.commands.insert(storedCommand({ id: '1' }));
    await first.close();
    const second = openStore(file);
    using other = new Database(file, { readonly: true });
    const tables = other
      .query<{ name: string }, []>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1`)
      .all();
    const declared = Object.values(schema).map((table) => getTableName(table));
    // SQLite creates the others itself, those with these prefixes for the search indexes.
    const isInternal = /^sqlite_|^command_search(?!_progress)|^output_search/;
    const names = tables.map(({ name }) => name).filter((name) => !isInternal.test(name));
    expect(names).toEqual(declared.toSorted());
    expect(other.query('PRAGMA user_version').get()).toEqual({ user_version: migrations.length });
    expect(other.query('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(await second.commands.find('1')).toEqual(storedCommand({ id: '1' }));
    await second.close();
  });

  function createTable() {
    using database = new Database(file);
    database.run('CREATE TABLE t (x)');
    database.run(
      'INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT hex(zeroblob(200)) FROM n',
    );
  }

  const damages: [string, RegExp, () => void][] = [
    [
      'with a newer schema',
      /schema version 99.*Upgrade Signalbox/,
      () => {
        using database = new Database(file);
        database.run('CREATE TABLE later (x)');
        database.run('PRAGMA user_version = 99');
      },
    ],
    ['that is not a database', /not a database/, () => writeFileSync(file, 'x'.repeat(8192))],
    [
      'that was truncated',
      /damaged|malformed/,
      () => {
        createTable();
        truncateSync(file, 20_480);
      },
    ],
  ];

  test.each(damages)('%s is rejected and left unchanged', (_name, reason, damage) => {
    damage();
    const before = readFileSync(file);
    expect(() => openStore(file)).toThrow(reason);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.db']);
  });
});

test('the rows of a user are found without reading all others', async () => {
  await openStore(file).close();
  const database = new Database(file);
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)';
  for (const insertion of [
    `INSERT INTO commands (id, agent_id, command, priority, status, requested_by, requested_at, session, timeout_ms, attempt, sent, agent_next_sequence) ${numbers} SELECT 'c' || i, 'a', hex(zeroblob(100)), 'normal', 'completed', 'bob', i, 'continue', 1, 1, 1, 1 FROM n`,
    `INSERT INTO approvals (approval_id, command_id, agent_id, title, options, requested_at, resolved_by) ${numbers} SELECT 'q' || i, 'c' || i, 'a', hex(zeroblob(100)), '[]', i, 'bob' FROM n`,
    `INSERT INTO audit (id, time, actor_kind, actor, action, target, detail) ${numbers} SELECT 'e' || i, i, 'user', 'bob', 'audit.exported', 'bob', '{"actor":"bob","target":"bob"}' FROM n`,
  ]) {
    database.run(insertion);
  }
  database.close();
  const store = openStore(file);
  // The CPU time, so that other processes of the machine do not matter.
  const durationsMs: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = process.cpuUsage();
    expect(await store.users.erase('ada', 'deleted user', 200)).toBe(0);
    const { user, system } = process.cpuUsage(before);
    durationsMs.push((user + system) / 1000);
  }
  expect(durationsMs.toSorted((a, b) => a - b)[4]).toBeLessThan(15);
  await store.close();
}, 120_000);

test('a command may contain NUL characters', async () => {
  const store = openStore(':memory:');
  const command = storedCommand({ command: 'a\u0000b' });
  await store.commands.insert(command);
  expect(await store.commands.find(command.id)).toEqual(command);
  await store.close();
});

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api';
import { migrate, migrations } from '../../src/store/migrations.ts';
import * as schema from '../../src/store/schema.ts';

const folder = join(import.meta.dir, '../../src/store/migrations');
const listFiles = (dir: string, ending: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => readFileSync(join(dir, name), 'utf8'));

test('the embedded migrations are the files of the folder, in order', () => {
  expect(migrations).toEqual(listFiles(folder, '.sql'));
});

test('the migrations create the tables of schema.ts (if not, run `make migration`)', async () => {
  const latest = JSON.parse(listFiles(join(folder, 'meta'), '_snapshot.json').at(-1) ?? '');
  const declared = await generateSQLiteDrizzleJson(schema, latest.id, 'snake_case');
  expect(await generateSQLiteMigration(latest, declared)).toEqual([]);
});

test('the tokens of agents are kept when the database is upgraded', () => {
  using database = new Database(':memory:', { strict: true });
  const version = migrations.findIndex((sql) => sql.includes('CREATE TABLE `agent_tokens`'));
  for (const sql of migrations.slice(0, version)) database.run(sql);
  database.run(`PRAGMA user_version = ${version}`);
  const insert = database.query(
    "INSERT INTO agents (agent_id, agent_type, token_hash, created_at, created_by, last_heartbeat) VALUES ($id, 'claude', $hash, 1, 'ada', $heartbeat)",
  );
  insert.run({ id: 'a', hash: 'hash-a', heartbeat: 7 });
  insert.run({ id: 'b', hash: 'hash-b', heartbeat: null });
  migrate(database);
  const token = { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: null, created_at: 1 };
  const rest = { ...token, created_by: 'ada', expires_at: null };
  const rows = database
    .query<Record<string, unknown>, []>('SELECT * FROM agent_tokens ORDER BY agent_id')
    .all();
  expect(rows).toEqual([
    { ...rest, agent_id: 'a', token_hash: 'hash-a', last_used_at: 7 },
    { ...rest, agent_id: 'b', token_hash: 'hash-b', last_used_at: null },
  ]);
  expect(rows[0]?.id).not.toBe(rows[1]?.id);
});

test('a database of any earlier version is upgraded', () => {
  const listColumns = (database: Database) =>
    database
      .query('SELECT t.name, c.* FROM sqlite_schema t, pragma_table_info(t.name) c ORDER BY 1, 2')
      .all();
  using current = new Database(':memory:');
  migrate(current);
  for (let version = 0; version <= migrations.length; version++) {
    using database = new Database(':memory:');
    for (const sql of migrations.slice(0, version)) database.run(sql);
    database.run(`PRAGMA user_version = ${version}`);
    migrate(database);
    const upgraded = database.query('PRAGMA user_version').get();
    expect(upgraded).toEqual({ user_version: migrations.length });
    expect(listColumns(database)).toEqual(listColumns(current));
  }
});

test('long details of approval requests are moved to a table of their own', () => {
  using database = new Database(':memory:');
  for (const sql of migrations.slice(0, 4)) database.run(sql);
  database.run('PRAGMA user_version = 4');
  const insert = database.query(
    "INSERT INTO approvals (approval_id, command_id, agent_id, title, detail, options, requested_at) VALUES (?, 'c', 'a', 't', ?, '[]', 0)",
  );
  insert.run('none', null);
  insert.run('short', 'x'.repeat(65_536));
  insert.run('long', '€'.repeat(30_000));
  migrate(database);
  const rows = database.query(
    'SELECT approval_id, detail_bytes, length(detail) AS length FROM approvals ORDER BY 1',
  );
  expect(rows.values()).toEqual([
    ['long', 90_000, 16_384],
    ['none', null, null],
    ['short', null, 65_536],
  ]);
  expect(database.query('SELECT * FROM approval_details').values()).toEqual([
    ['long', '€'.repeat(30_000)],
  ]);
});

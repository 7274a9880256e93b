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

test('only missing migrations are applied', () => {
  using database = new Database(':memory:');
  const readVersion = () => database.query('PRAGMA user_version').get();
  migrate(database);
  expect(readVersion()).toEqual({ user_version: migrations.length });
  migrate(database);
  expect(readVersion()).toEqual({ user_version: migrations.length });
});

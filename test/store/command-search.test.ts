// How the history is searched in SQLite: which indexes pages use, and the full-text index and its creation.
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { CommandQuery } from '../../src/protocol/api.ts';
import {
  createListQuery,
  createScanQuery,
  createSearchQuery,
} from '../../src/store/command-pages.ts';
import { createResolvedQuery } from '../../src/store/approvals.ts';
import { createEndedQuery } from '../../src/store/commands.ts';
import { createTrigramQuery } from '../../src/store/command-search.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { createQueryBuilder } from '../../src/store/query-context.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { storedCommand } from '../support/samples.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const listIds = async (store: Store, query: CommandQuery, agentIds?: string[]) =>
  (await store.commands.listPage(query, agentIds)).items.map(({ id }) => id);

describe('without a scan or a sort', () => {
  const filters = {
    agentId: 'a',
    status: 'completed',
    comparisonId: 'c',
    compared: true,
    conversationId: 'c',
    cursor: 'c',
  } as const satisfies CommandQuery;
  const names = Object.keys(filters) as (keyof typeof filters)[];
  const queries = Array.from({ length: 2 ** names.length }, (_, bits) =>
    Object.fromEntries(
      names.filter((_name, at) => bits & (1 << at)).map((name) => [name, filters[name]]),
    ),
  );

  test.each<[string, CommandQuery]>(
    queries.map((query) => [Object.keys(query).join(', ') || 'no filter', query]),
  )('pages are found by %s', (name, query) => {
    using database = new Database(':memory:', { strict: true });
    migrate(database);
    const db = createQueryBuilder(database);
    const page = { ...query, limit: 10 };
    const isNarrow = /compar|conversation/.test(name);
    const agentIds = ['a', 'b'];
    const part = { after: 0, upTo: 9, trigrams: createTrigramQuery('make') ?? '' };
    // The index of compared commands contains no others.
    const isSearch = query.compared
      ? /comparisonId|conversationId|cursor/.test(name)
      : Object.keys(query).length > 0;
    for (const { sql, params } of [
      createListQuery(db, page).toSQL(),
      // Other pages of several agents are made of one page of each agent.
      ...(isNarrow || query.agentId ? [createListQuery(db, page, agentIds).toSQL()] : []),
      createSearchQuery(db, { ...page, q: 'make' }, null, part).toSQL(),
      createSearchQuery(db, { ...page, q: 'make' }, agentIds, part).toSQL(),
      ...(isNarrow ? [] : [createScanQuery(db, { ...page, q: 'ma' }, agentIds, part).toSQL()]),
    ]) {
      const [first = '', ...rest] = database
        .query<{ detail: string }, never[]>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...(params as never[]))
        .map(({ detail }) => detail);
      if (sql.includes('MATCH')) expect(first).toStartWith('SCAN command_search VIRTUAL TABLE');
      else if (sql.includes('like')) {
        expect(first).toContain('USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)');
      } else {
        expect(first).toStartWith(`${isSearch ? 'SEARCH' : 'SCAN'} commands USING INDEX`);
        expect(first).toMatch(isNarrow ? /INDEX commands_(compared|by_co)/ : /INDEX commands_/);
      }
      expect(rest.filter((step) => /TEMP B-TREE|^SCAN/.test(step))).toEqual([]);
    }
  });
});

test('ended commands and resolved requests are found in the order of an index', () => {
  using database = new Database(':memory:', { strict: true });
  migrate(database);
  const db = createQueryBuilder(database);
  for (const { sql, params } of [
    createEndedQuery(db, 'a', 20, { completedAt: 1, id: 'x' }).toSQL(),
    createResolvedQuery(db, ['a'], 20).toSQL(),
    createResolvedQuery(db, null, 20).toSQL(),
  ]) {
    const [first = '', ...rest] = database
      .query<{ detail: string }, never[]>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...(params as never[]))
      .map(({ detail }) => detail);
    expect(first).toMatch(/USING INDEX (?:commands_by_agent_and_end|approvals_by_resolution)/);
    expect(rest).toEqual([]);
  }
});

describe('the search index', () => {
  const SQL = `
    INSERT INTO commands (id, agent_id, command, priority, status, requested_by, requested_at, session, timeout_ms,
      attempt, sent, agent_next_sequence)
    SELECT printf('c%04d', value), 'a', CASE WHEN value % 100 = 0 THEN 'deploy the site' ELSE '!ls' END, 'normal',
      'completed', 'ada', 0, 'continue', 1, 1, 1, 0
    FROM (WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 1000) SELECT value FROM n)`;

  /** Creates a database of the last version without the index, with 1,000 commands. */
  function createOldDatabase(file: string) {
    using database = new Database(file, { create: true, strict: true });
    const version = migrations.findIndex((migration) => migration.includes('command_search'));
    for (const migration of migrations.slice(0, version)) database.run(migration);
    database.run(`PRAGMA user_version = ${version}`);
    database.run(SQL);
  }

  /** Reads how many rows are not indexed yet, from another connection. */
  function openProgress(file: string) {
    const database = new Database(file, { readonly: true });
    const query = database.query<{ left: number }, []>(
      'SELECT unindexed_up_to AS left FROM command_search_progress',
    );
    return {
      countUnindexed: () => query.get()?.left ?? 0,
      [Symbol.dispose]: () => database.close(),
    };
  }

  test('is created in the background, and pages are complete meanwhile', async () => {
    const folder = createTemporaryFolder();
    const file = join(folder.path, 'a.db');
    createOldDatabase(file);
    const store = openStore(file);
    using progress = openProgress(file);
    await store.commands.insert(storedCommand({ id: 'd', command: 'Deploy it' }));
    const numbers = Array.from({ length: 10 }, (_, i) => 1_000 - 100 * i);
    const expected = ['d', ...numbers.map((number) => `c${String(number).padStart(4, '0')}`)];
    const seen = new Set<number>();
    while (progress.countUnindexed() > 0) {
      seen.add(progress.countUnindexed());
      expect(await listIds(store, { q: 'deploy' })).toEqual(expected);
      const { nextCursor } = await store.commands.listPage({ q: 'deploy', limit: 4 });
      expect(await listIds(store, { q: 'deploy', cursor: nextCursor ?? '' })).toEqual(
        expected.slice(4),
      );
      await store.probe();
    }
    expect(seen.size).toBeGreaterThan(1);
    expect(await listIds(store, { q: 'deploy' })).toEqual(expected);
    await store.close();
    folder.remove();
  });

  test('continues after a restart', async () => {
    const folder = createTemporaryFolder();
    const file = join(folder.path, 'a.db');
    createOldDatabase(file);
    await openStore(file).close();
    const store = openStore(file);
    using progress = openProgress(file);
    while (progress.countUnindexed() > 0) await store.probe();
    expect(await listIds(store, { q: 'deploy', limit: 2 })).toEqual(['c1000', 'c0900']);
    await store.close();
    folder.remove();
  });

  test('continues after a failure', async () => {
    const folder = createTemporaryFolder();
    const file = join(folder.path, 'a.db');
    createOldDatabase(file);
    {
      using database = new Database(file);
      migrate(database);
      database.run(`CREATE TRIGGER broken BEFORE UPDATE ON command_search_progress
        WHEN NOT EXISTS (SELECT 1 FROM commands WHERE id = 'repaired') BEGIN SELECT raise(ABORT, 'no'); END`);
    }
    const failed = Promise.withResolvers<unknown>();
    const store = openStore(file, { onUpgrade() {}, onError: failed.resolve });
    expect(String(await failed.promise)).toContain('no');
    await store.commands.insert(storedCommand({ id: 'repaired', command: 'deploy' }));
    using progress = openProgress(file);
    while (progress.countUnindexed() > 0) await store.probe();
    expect(await listIds(store, { q: 'deploy', limit: 2 })).toEqual(['repaired', 'c1000']);
    await store.close();
    folder.remove();
  });

  test('no longer contains deleted commands, and survives VACUUM', async () => {
    const folder = createTemporaryFolder();
    const file = join(folder.path, 'a.db');
    const store = openStore(file);
    const ids = Array.from({ length: 4 }, (_, i) => `c${i}`);
    await store.commands.insert(
      ids.map((id, i) =>
        storedCommand({ id, command: `make ${id}`, status: 'completed', completedAt: i }),
      ),
    );
    await store.commands.purgeBefore(2, 10);
    {
      using database = new Database(file);
      database.run('VACUUM');
      const rows = database.query('SELECT rowid FROM command_search WHERE command_search MATCH ?');
      expect(rows.all('"mak"')).toEqual([{ rowid: 3 }, { rowid: 4 }]);
    }
    await store.commands.insert(storedCommand({ id: 'c9', command: 'make c9' }));
    expect(await listIds(store, { q: 'make' })).toEqual(['c9', 'c3', 'c2']);
    expect(await listIds(store, { q: 'make c2' })).toEqual(['c2']);
    await store.close();
    folder.remove();
  });
});

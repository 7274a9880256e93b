// The queries of the pages on PostgreSQL: each reads a few rows of a large table, whatever its filters are.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL } from 'bun';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import type { SQL as Condition } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pg-proxy';
import type { CommandPage, CommandQuery } from '../../src/protocol/api.ts';
import type { AuditQuery } from '../../src/protocol/audit.ts';
import { createResolvedQuery } from '../../src/store/postgres/approvals.ts';
import { createEntryQuery, createSocketQuery } from '../../src/store/postgres/audit.ts';
import { createAgentsQuery, createListQuery } from '../../src/store/postgres/command-pages.ts';
import { contains, createFewQuery } from '../../src/store/postgres/command-search.ts';
import { createEndedQuery, createTextsQuery } from '../../src/store/postgres/commands.ts';
import { migrations } from '../../src/store/postgres/migrations.ts';
import {
  createFewQuery as createFewBlocksQuery,
  createPartQuery,
  mayContain,
} from '../../src/store/postgres/output-search.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import * as schema from '../../src/store/postgres/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { chunk, storedCommand } from '../support/samples.ts';

/** The rows of the large tables. */
const ROWS = 20_000;
/** What a page may read: far less than a table has. */
const FEW_ROWS = 1_500;

const FILL = `
  INSERT INTO commands (id, agent_id, command, priority, status, requested_by, requested_at, completed_at, session,
    timeout_ms, comparison_id, conversation_id, attempt, sent, agent_next_sequence, edited_by)
  SELECT to_char(i, 'FM00000000'), 'agent-' || i % 50, CASE i % 5000 WHEN 0 THEN 'needle ' ELSE 'npm run ' END || 'check ' || i % 97,
    'normal', CASE i % 1000 WHEN 0 THEN 'running' WHEN 1 THEN 'failed' ELSE 'completed' END, 'user-' || i % 20, i, i,
    'continue', 1, CASE i % 100 WHEN 0 THEN 'comparison-' || i / 300 END,
    CASE i % 10 WHEN 0 THEN 'conversation-' || i / 200 END, 1, i % 1000 <> 0, 0, NULL
  FROM generate_series(1, ${ROWS}) AS i;
  INSERT INTO approvals (approval_id, command_id, agent_id, title, options, requested_at, resolved_at, resolved_by)
  SELECT i::text, i::text, 'agent-' || i % 50, 'title', '[]', i, CASE WHEN i % 100 > 0 THEN i END, 'user-' || i % 20
  FROM generate_series(1, ${ROWS}) AS i;
  INSERT INTO audit (id, time, actor_kind, actor, action, target, detail)
  SELECT i::text, i, 'user', 'user-' || i % 20, CASE i % 10 WHEN 0 THEN 'audit.exported' ELSE 'agent.added' END,
    'agent-' || i % 500, '{"actor":"x"}'
  FROM generate_series(1, ${ROWS}) AS i;
  INSERT INTO connections (id, kind, peer, connected_at, disconnected_at)
  SELECT i::text, 'dashboard', 'user-' || i % 20, i, CASE WHEN i % 100 > 0 THEN i END FROM generate_series(1, ${ROWS}) AS i;
  INSERT INTO output_blocks (command_id, first_sequence, next_sequence, first_offset, text_bytes, tail, checksum, data, plain_text)
  SELECT to_char(i, 'FM00000000'), 0, 1, 0, 1, '', 0, '', CASE i % 5000 WHEN 0 THEN 'needle ' ELSE 'ok ' END || 'check ' || i % 97
  FROM generate_series(1, ${ROWS}) AS i;
  ANALYZE;
`;

let server: PostgresServer;
let url: string;
let sql: SQL;
/** Builds queries, and runs none. */
const db = drizzle(() => Promise.resolve({ rows: [] }), { casing: 'snake_case' });

beforeAll(async () => {
  server = await startPostgres();
  url = await server.createDatabase();
  const store = await createPostgresStore(url);
  await store.close();
  sql = new SQL(url, { max: 1 });
  await sql.unsafe(FILL).simple();
});
afterAll(async () => {
  await sql.close();
  await server.remove();
});

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

interface Query {
  toSQL(): { sql: string; params: unknown[] };
}

/** Runs a query, and returns the steps of its plan. */
async function explain(query: Query): Promise<Plan[]> {
  const { sql: text, params } = query.toSQL();
  const rows = await sql.unsafe<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    params,
  );
  const list = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(list)];
  return list(rows[0]?.['QUERY PLAN'][0].Plan ?? ({} as Plan));
}

/** Checks that a query reads few rows, and returns the indexes that it uses. */
async function expectFewRows(query: Query): Promise<(string | undefined)[]> {
  const steps = await explain(query);
  const read = steps.map(
    (step) => (step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0)) * step['Actual Loops'],
  );
  expect(Math.max(...read)).toBeLessThan(FEW_ROWS);
  expect(steps.map((step) => step['Node Type'])).not.toContain('Seq Scan');
  return steps.map((step) => step['Index Name']);
}

const combine = <T extends object>(filters: T): [string, Partial<T>][] => {
  const names = Object.keys(filters) as (keyof T)[];
  return Array.from({ length: 2 ** names.length }, (_, bits) => {
    const chosen = names.filter((_name, at) => bits & (1 << at));
    const query = Object.fromEntries(chosen.map((name) => [name, filters[name]])) as Partial<T>;
    return [chosen.join(', ') || 'no filter', query];
  });
};

describe('few rows are read for', () => {
  test.each<[string, CommandQuery]>(
    combine({
      agentId: 'agent-3',
      status: 'completed',
      comparisonId: 'comparison-9',
      compared: true,
      conversationId: 'conversation-9',
      cursor: '00012000',
    } as const),
  )('pages of commands by %s', async (name, query) => {
    const page = { ...query, limit: 10 };
    await expectFewRows(createListQuery(db, page));
    if (/compar|conversation|agentId/.test(name)) return;
    await expectFewRows(createAgentsQuery(db, page, ['agent-1', 'agent-2', 'unknown']));
  });

  test('pages of a rare status and of unknown agents', async () => {
    await expectFewRows(createListQuery(db, { status: 'running', limit: 10 }));
    await expectFewRows(createListQuery(db, { status: 'queued', limit: 10 }));
    await expectFewRows(createListQuery(db, { agentId: 'unknown', limit: 10 }));
    await expectFewRows(createAgentsQuery(db, { limit: 10 }, []));
    await expectFewRows(createAgentsQuery(db, { limit: 10, status: 'queued' }, ['agent-1']));
    await expectFewRows(
      createAgentsQuery(db, { limit: 10, status: 'failed', cursor: '00012000' }, ['agent-1']),
    );
  });

  test('ended commands, resolved requests and texts', async () => {
    await expectFewRows(createEndedQuery(db, 'agent-1', 20, { completedAt: 12_000, id: 'x' }));
    await expectFewRows(createResolvedQuery(db, ['agent-1', 'agent-2'], 20));
    await expectFewRows(createResolvedQuery(db, null, 20));
    await expectFewRows(createTextsQuery(db, 'user-1'));
  });

  test.each<[string, AuditQuery]>(
    combine({
      since: 5_000,
      until: 15_000,
      actor: 'user-3',
      action: 'agent.added',
      target: 'agent-9',
      cursor: '12000_12000',
    } as const),
  )('pages of the audit log by %s', async (_name, query) => {
    await expectFewRows(createEntryQuery(db, query, 20));
    for (const event of ['opened', 'closed'] as const) {
      await expectFewRows(createSocketQuery(db, query, 20, event));
    }
  });

  test('rare texts in commands and output', async () => {
    expect(await expectFewRows(createFewQuery(db, contains('NEEDLE')))).toContain(
      'commands_by_text',
    );
    const isCandidate = mayContain('needle');
    const indexes = await expectFewRows(createFewBlocksQuery(db, isCandidate));
    expect(indexes).toContain('output_blocks_by_text');
    expect(indexes).toContain('output_blocks_unindexed');
  });

  test('a part of the output', async () => {
    const after: Condition | undefined = undefined;
    await expectFewRows(createPartQuery(db, mayContain('any'), after));
  });
});

describe('a text that is everywhere', () => {
  /** Reads pages until one has no successor, or for so many pages. */
  async function readPages(store: Store, query: CommandQuery, pages: number) {
    const found: string[] = [];
    const lines = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < pages; page++) {
      const one: CommandPage = await store.commands.listPage({
        ...query,
        ...(cursor !== null && { cursor }),
      });
      found.push(...one.items.map(({ id }) => id));
      for (const line of Object.values(one.outputLines ?? {})) lines.add(line);
      cursor = one.nextCursor;
      if (cursor === null) break;
    }
    return { found, lines: [...lines], cursor };
  }

  test('in commands is found from the end on', async () => {
    const store = await createPostgresStore(url);
    const query = { q: 'NPM RUN', agentId: 'agent-7', limit: 30 };
    const { found, cursor } = await readPages(store, query, 4);
    const numbers = Array.from({ length: 120 }, (_, i) => ROWS - 43 - 50 * i);
    expect(found).toEqual(numbers.map((number) => String(number).padStart(8, '0')));
    expect(cursor).toBe(found.at(-1) ?? null);
    await store.close();
  });

  test('in output is found from the end on, and in every command once', async () => {
    const other = await server.createDatabase();
    const store = await createPostgresStore(other);
    const ids = Array.from({ length: 700 }, (_, i) => `c${1000 + i}`);
    await store.commands.insert(ids.map((id) => storedCommand({ id, status: 'completed' })));
    await store.output.append('c1000', [chunk({ data: 'first\nan error occurred\n' })], 1, 0);
    await store.output.complete('c1000', 0);
    await server.execute(
      `INSERT INTO output_blocks SELECT 'c' || i, first_sequence + 5 * s, next_sequence, first_offset, text_bytes, tail,
        checksum, data, CASE WHEN i % 2 = 0 THEN 'an error occurred' END
      FROM output_blocks, generate_series(1001, 1699) AS i, generate_series(1, 2) AS s`,
      other,
    );
    const { found, lines, cursor } = await readPages(store, { q: 'an Error', limit: 99 }, 9);
    expect(found).toEqual(ids.toReversed());
    expect(lines).toEqual(['an error occurred']);
    expect(cursor).toBeNull();
    await store.close();
  });

  test('in the index only ends the search in time, and the next page continues it', async () => {
    const store = await createPostgresStore(url);
    const { found, cursor } = await readPages(store, { q: 'ok check' }, 1);
    expect(found).toEqual([]);
    const next = await readPages(store, { q: 'ok check', cursor: cursor ?? '' }, 1);
    expect(Number(next.cursor)).toBeLessThan(Number(cursor));
    await store.close();
  });
});

test('the rows of a user are found without reading all others', async () => {
  const store = await createPostgresStore(url);
  const before = await countReads();
  expect(await store.users.erase('nobody', 'deleted user', 200)).toBe(0);
  expect((await countReads()) - before).toBeLessThan(FEW_ROWS);
  await store.close();

  /** Counts the rows that scans of whole tables have read so far. */
  async function countReads(): Promise<number> {
    await sql.unsafe('SELECT pg_stat_force_next_flush()');
    const [row] = await sql.unsafe<{ n: string }[]>(
      'SELECT sum(seq_tup_read) AS n FROM pg_stat_user_tables',
    );
    return Number(row?.n);
  }
});

describe('migrations', () => {
  const folder = join(import.meta.dir, '../../src/store/postgres/migrations');
  const listFiles = (dir: string, ending: string) =>
    readdirSync(dir)
      .filter((name) => name.endsWith(ending))
      .toSorted()
      .map((name) => readFileSync(join(dir, name), 'utf8'));

  test('are the files of the folder, in order', () => {
    expect(migrations).toEqual(listFiles(folder, '.sql'));
  });

  test('create the tables of schema.ts (if not, run `make pg-migration`)', async () => {
    const latest = JSON.parse(listFiles(join(folder, 'meta'), '_snapshot.json').at(-1) ?? '');
    const declared = generateDrizzleJson(schema, latest.id, undefined, 'snake_case');
    expect(await generateMigration(latest, declared)).toEqual([]);
  });
});

test('any text is stored as it is, except for halves of surrogate pairs', async () => {
  const store = await createPostgresStore(url);
  const command = storedCommand({
    id: 'text',
    command: 'a\0b \u001a\u0001 \u001a\u001a0 \\u0000 {"x"} \ud800',
    error: { code: 'timeout', message: '\0 \\u0000 \u001a"\\' },
  });
  await store.commands.insert(command);
  expect(await store.commands.find(command.id)).toEqual({
    ...command,
    command: command.command.toWellFormed(),
  });
  const { items } = await store.commands.listPage({ q: '\u001a\u0001 \u001a' });
  expect(items.map(({ id }) => id)).toEqual(['text']);
  await store.close();
});

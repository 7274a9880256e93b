// Copies between databases: everything arrives, can be read and searched, and a failure changes nothing.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { REQUEST_ID_TTL_MS } from '../../src/protocol/limits.ts';
import { copyDatabase, type Summary } from '../../src/store/copy/copy.ts';
import { openPostgresSide } from '../../src/store/copy/postgres-side.ts';
import type { Side } from '../../src/store/copy/side.ts';
import { openSqliteSide } from '../../src/store/copy/sqlite-side.ts';
import type { Row } from '../../src/store/copy/tables.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { rejectionOf } from '../support/rejection.ts';
import { approval, auditEntry, chunk, fileChange, storedCommand } from '../support/samples.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let server: PostgresServer;
let folder: TemporaryFolder;
let url: string;

beforeAll(async () => {
  server = await startPostgres();
  folder = createTemporaryFolder();
});
afterAll(async () => {
  await server.remove();
  folder.remove();
});
beforeEach(async () => {
  url = await server.createDatabase();
});

function createFile(): string {
  const dir = join(folder.path, crypto.randomUUID());
  mkdirSync(dir);
  return join(dir, 'signalbox.db');
}

/** Fills every table that is copied, with more rows than one batch has. */
async function fill(store: Store) {
  const agent = {
    agentId: 'build',
    agentType: 'codex',
    labels: ['ü'],
    createdAt: 1,
    createdBy: 'ada',
    connectionTime: null,
    lastHeartbeat: 2,
    capabilities: [],
    paused: { by: 'ada', at: 3, note: null },
  } as const;
  const token = { tokenHash: 'h', createdAt: 1, lastUsedAt: null };
  const file = { files: [fileChange()], omittedFiles: 0 };
  await store.users.insert({
    id: 'ada',
    passwordHash: 'p',
    role: 'admin',
    agents: null,
    createdAt: 1,
    disabledAt: null,
    twoFactor: { secret: 's', lastStep: 1, recoveryHashes: ['h'] },
    identity: null,
  });
  await store.sessions.insert({
    id: 's',
    userId: 'ada',
    role: 'admin',
    agents: ['build'],
    createdAt: 1,
    expiresAt: 2,
    lastSeenAt: 1,
    address: null,
    userAgent: 'x',
  });
  await store.agents.insert(
    { ...agent, labels: [...agent.labels], capabilities: [] },
    { ...token, id: 't', agentId: 'build', name: null, createdBy: 'ada', expiresAt: null },
  );
  await store.apiTokens.insert({
    ...token,
    id: 'a',
    userId: 'ada',
    name: 'ci',
    scope: 'viewer',
    expiresAt: 9,
    lastAddress: null,
  });
  await store.prompts.insert({
    id: 'p',
    userId: 'ada',
    name: 'n',
    text: 'a\0b',
    createdAt: 1,
    updatedAt: 2,
  });
  await store.commands.insert(
    Array.from({ length: 250 }, (_, i) =>
      storedCommand({ id: `c${1000 + i}`, status: 'completed', command: `make ${i} \0 '"\\` }),
    ),
  );
  for (const id of ['c1001', 'c1002', 'c1003']) {
    const chunks = Array.from({ length: 90 }, (_, sequence) =>
      chunk({
        sequence,
        data: `${id} ${sequence} `.padEnd(9_999, 'filler ') + '\n',
        offset: sequence,
      }),
    );
    await store.output.append(id, chunks, 90, 5);
  }
  await store.output.append(
    'c1001',
    [chunk({ sequence: 90, data: 'the needle \0\u001b[1m\n' })],
    91,
    6,
  );
  await store.output.complete('c1001', 7);
  await store.output.remove('c1003', 8, 'user');
  await store.turns.save('c1001', {
    state: 'complete',
    nextSequence: 1,
    parts: [{ index: 0, revision: 0, content: { type: 'message', text: '\0 ü' } }],
  });
  await store.fileChanges.insert('c1001', file);
  await store.fileChanges.markReverted({ commandId: 'c1001', path: 'src/main.ts', revertedAt: 1 });
  await store.approvals.insert(approval({ detail: 'x', detailBytes: 3 }), 'xyz');
  await store.connections.insert({
    id: 'k',
    kind: 'agent',
    peer: 'build',
    connectedAt: 1,
    disconnectedAt: null,
    closeCode: null,
    closeReason: null,
    clientInfo: { version: '1' },
    credentialId: null,
    address: null,
  });
  await store.audit.insert(auditEntry());
}

async function copy(
  openSource: () => Promise<Side>,
  openTarget: () => Promise<Side>,
): Promise<Summary[]> {
  const source = await openSource();
  try {
    const target = await openTarget();
    try {
      return await copyDatabase(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Reads what the tables contain through a store. */
async function readAll(store: Store) {
  const output = async (id: string) => await store.output.listLatest(id, Infinity);
  return {
    users: await store.users.list(),
    sessions: await store.sessions.list(),
    agents: await store.agents.list(),
    tokens: [await store.agentTokens.list(), await store.apiTokens.list()],
    prompts: await store.prompts.list('ada'),
    commands: await store.commands.listPage({ limit: 300 }),
    output: [await output('c1001'), await output('c1002'), await output('c1003')],
    turn: await store.turns.find('c1001'),
    changes: await store.fileChanges.find('c1001'),
    approvals: [await store.approvals.find('q1'), await store.approvals.findDetail('q1')],
    connections: await store.connections.list(10),
    audit: await store.audit.listPage({}),
    found: [
      await store.commands.listPage({ q: 'make 7' }),
      await store.commands.listPage({ q: 'the needle' }),
    ],
  };
}

describe('a copy', () => {
  test('to PostgreSQL and back contains everything, and can be read and extended', async () => {
    const file = createFile();
    const original = openStore(file);
    await fill(original);
    const expected = await readAll(original);
    await original.close();

    const there = await copy(
      () => openSqliteSide(file),
      () => openPostgresSide(url, undefined),
    );
    const store = await createPostgresStore(url);
    expect(await readAll(store)).toEqual(expected);
    await store.output.append('c1002', [chunk({ sequence: 90, data: 'more' })], 91, 9);
    await store.output.complete('c1002', 9);
    expect((await store.output.findTranscript('c1002'))?.bytes).toBeGreaterThan(1_000);
    await store.close();

    const second = createFile();
    const back = await copy(
      () => openPostgresSide(url, undefined),
      () => openSqliteSide(second),
    );
    const unchanged = new Set(['commands', 'output', 'output_blocks', 'transcripts']);
    const rest = (summaries: Summary[]) => summaries.filter(({ table }) => !unchanged.has(table));
    expect(rest(back)).toEqual(rest(there));
    expect(there.every(({ rows }) => rows > 0)).toBe(true);
    const again = openStore(second);
    const { output, ...others } = await readAll(again);
    expect(others.found).toEqual(expected.found);
    expect(output[1]?.at(-1)).toMatchObject({ data: 'more' });
    while (await again.output.purge({ reason: 'quota', limit: 0, time: 10 }));
    expect((await again.output.findTranscript('c1001'))?.bytes).toBe(0);
    await again.close();
  });

  test('to PostgreSQL knows the requests of the last 24 hours', async () => {
    const file = createFile();
    const original = openStore(file);
    const command = (id: string, requestId: string, requestedAt: number) =>
      storedCommand({ id, requestId, requestedAt, requestedBy: 'a\0da' });
    const now = Date.now();
    await original.commands.insert([
      command('1', 'r', now - 1_000),
      command('2', 'old', now - REQUEST_ID_TTL_MS - 1),
      command('3', 'old', now - REQUEST_ID_TTL_MS - 2),
    ]);
    await original.close();
    await copy(
      () => openSqliteSide(file),
      () => openPostgresSide(url, undefined),
    );
    const store = await createPostgresStore(url);
    const repeated = store.commands.insert(command('4', 'r', now));
    expect(await rejectionOf(repeated)).toContain('in the last 24 hours');
    await store.commands.insert(command('5', 'old', now));
    expect(await store.cluster?.listStates()).toEqual([]);
    await store.close();
  });

  test('is refused if the target has data, or is in use', async () => {
    const file = createFile();
    await openStore(file).close();
    const store = await createPostgresStore(url);
    await store.audit.insert(auditEntry());
    const attempt = () =>
      rejectionOf(
        copy(
          () => openSqliteSide(file),
          () => openPostgresSide(url, undefined),
        ),
      );
    expect(await attempt()).toContain('A hub uses the database');
    await store.close();
    expect(await attempt()).toBe('The target is not empty: its table audit has rows.');
  });

  test.each([
    ['lacks a row', (rows: readonly Row[]) => rows.slice(1)],
    [
      'has another value in one row',
      ([first, ...rest]: readonly Row[]) => [{ ...first, actor: 'eve' }, ...rest],
    ],
  ])('that %s is not committed', async (_, change) => {
    const file = createFile();
    const original = openStore(file);
    await original.audit.insert(auditEntry({ id: 'e1' }), auditEntry({ id: 'e2' }));
    await original.close();
    const source = await openSqliteSide(file);
    const target = await openPostgresSide(url, undefined);
    const differing: Side = {
      ...target,
      write: (table, rows) => target.write(table, change(rows)),
    };
    expect(await rejectionOf(copyDatabase(source, differing))).toContain(
      'The copy of the table audit differs',
    );
    await source.close();
    await target.close();
    const store = await createPostgresStore(url);
    expect((await store.audit.listPage({})).items).toEqual([]);
    await store.close();
    using database = new Database(file, { readonly: true });
    expect(database.query('SELECT count(*) AS n FROM audit').get()).toEqual({ n: 2 });
  });
});

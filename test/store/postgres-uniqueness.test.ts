// What may exist only once in a database that several hubs share: a request, and a command that an agent runs.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { REQUEST_ID_TTL_MS } from '../../src/protocol/limits.ts';
import { REQUEST_KNOWN_CODE } from '../../src/store/cluster.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openThreadedPostgresStore } from '../../src/store/postgres/threaded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { useDatabase, listStored } from '../support/postgres-store.ts';
import { auditEntry, storedCommand } from '../support/samples.ts';

const UNIQUE_VIOLATION = '23505';

const database = useDatabase();
let a: Store;
let b: Store;

beforeEach(async () => {
  a = await createPostgresStore(database.url);
  b = (await openThreadedPostgresStore(database.url, undefined)).store;
});
afterEach(async () => {
  for (const store of [a, b]) await store.close();
  await database.server.removeDatabase(database.url);
});

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const [settled] = await Promise.allSettled([promise]);
  if (settled.status === 'fulfilled') return null;
  return (settled.reason as { code?: unknown }).code ?? String(settled.reason);
}

const requested = (id: string, requestId: string, requestedBy = 'ada') =>
  storedCommand({ id, agentId: id, requestId, requestedBy });

const listKeys = async () => [
  ...(await database.execute<{ request_id: string; command_id: string }>(
    'SELECT request_id, command_id FROM request_keys ORDER BY request_id',
  )),
];

const age = (requestId: string, milliseconds: number) =>
  database.execute(
    `UPDATE request_keys SET requested_at = requested_at - ${milliseconds} WHERE request_id = '${requestId}'`,
  );

describe('a request', () => {
  test('is stored once, whichever hub receives it', async () => {
    await a.commands.insert(requested('1', 'r'));
    const repeated = b.commands.insert(requested('2', 'r'), [auditEntry()]);
    expect(await codeOf(repeated)).toBe(REQUEST_KNOWN_CODE);
    expect(await codeOf(a.commands.insert(requested('3', 'r')))).toBe(REQUEST_KNOWN_CODE);
    await b.commands.insert([requested('4', 'r', 'bob'), requested('5', 's')]);
    await a.commands.insert([storedCommand({ id: '6' }), storedCommand({ id: '7' })]);
    expect(await listStored(a)).toEqual(['1', '4', '5', '6', '7']);
    expect((await a.audit.listPage({})).items).toEqual([]);
  });

  test('is stored once by two hubs at the same time', async () => {
    const codes = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        codeOf((i % 2 ? a : b).commands.insert(requested(`${100 + i}`, `r${i >> 2}`))),
      ),
    );
    expect(codes.filter((code) => code === null)).toHaveLength(10);
    expect(new Set(codes)).toEqual(new Set([null, REQUEST_KNOWN_CODE]));
    expect(await listStored(a)).toHaveLength(10);
  });

  test('is rejected with all commands of the same call, and no other ones', async () => {
    await a.commands.insert(requested('1', 'r'));
    const codes = await Promise.all(
      [
        a.commands.insert([requested('2', 'new'), requested('3', 'r')]),
        a.commands.insert(requested('4', 'other')),
        a.commands.insert([requested('5', 'twice'), requested('6', 'twice')]),
      ].map(codeOf),
    );
    expect(codes).toEqual([REQUEST_KNOWN_CODE, null, REQUEST_KNOWN_CODE]);
    expect(await listStored(a)).toEqual(['1', '4']);
    await a.commands.insert(requested('7', 'new'));
  });

  test('is replaced after 24 hours', async () => {
    await a.commands.insert(requested('1', 'r'));
    await age('r', REQUEST_ID_TTL_MS - 60_000);
    expect(await codeOf(b.commands.insert(requested('2', 'r')))).toBe(REQUEST_KNOWN_CODE);
    await age('r', 60_000);
    await b.commands.insert(requested('2', 'r'));
    expect(await codeOf(a.commands.insert(requested('3', 'r')))).toBe(REQUEST_KNOWN_CODE);
    expect(await listKeys()).toEqual([{ request_id: 'r', command_id: '2' }]);
  });

  test('is forgotten after 24 hours when others are stored', async () => {
    for (const id of ['1', '2', '3']) await a.commands.insert(requested(id, id));
    for (const id of ['1', '2', '3']) await age(id, REQUEST_ID_TTL_MS + 1);
    await a.commands.insert(requested('4', '4'));
    expect((await listKeys()).map((key) => key.request_id)).toEqual(['3', '4']);
    await a.commands.insert(requested('5', '5'));
    expect((await listKeys()).map((key) => key.request_id)).toEqual(['4', '5']);
  });

  test('is forgotten when its user is erased', async () => {
    await a.commands.insert(requested('1', 'r'));
    await a.commands.insert(requested('2', 's', 'bob'));
    await a.users.erase('ada', 'erased', 50);
    expect((await listKeys()).map((key) => key.request_id)).toEqual(['s']);
  });
});

describe('a command that was sent to an agent', () => {
  const command = (id: string, agentId = 'build') => storedCommand({ id, agentId });

  beforeEach(async () => {
    await a.commands.insert([command('1'), command('2'), command('3', 'other')]);
    await a.commands.update('1', { sent: true });
  });

  test('is the only one of its agent until it has ended', async () => {
    const send = (store: Store, id: string) => codeOf(store.commands.update(id, { sent: true }));
    expect(await send(b, '2')).toBe(UNIQUE_VIOLATION);
    expect(await send(b, '3')).toBeNull();
    await a.commands.update('1', { status: 'running' });
    expect(await send(b, '2')).toBe(UNIQUE_VIOLATION);
    await a.commands.update('1', { status: 'completed', isOutputOpen: true });
    expect(await send(b, '2')).toBeNull();
  });

  test('can return to the queue, in the transaction in which the next one is sent', async () => {
    await Promise.all([
      a.commands.update('1', { sent: false }),
      a.commands.update('2', { sent: true }),
    ]);
    expect(await a.commands.find('2')).toMatchObject({ sent: true });
  });
});

test('a database of an earlier version gets the keys of the last day, and one sent command per agent', async () => {
  const now = Date.now();
  await a.commands.insert([
    { ...requested('1', 'r'), requestedAt: now - 1_000, agentId: 'build', sent: true },
    { ...requested('2', 'old'), requestedAt: now - REQUEST_ID_TTL_MS - 1 },
    storedCommand({ id: '3', agentId: 'x', sent: true, status: 'running', requestedAt: now }),
  ]);
  for (const store of [a, b]) await store.close();
  await database.execute(DOWNGRADE);
  await database.execute(
    `INSERT INTO commands SELECT (jsonb_populate_record(commands, '{"id":"4","request_id":"r"}')).* FROM commands WHERE id = '1'`,
  );
  a = await createPostgresStore(database.url);
  b = await createPostgresStore(database.url);
  expect(await listKeys()).toHaveLength(1);
  expect(await codeOf(b.commands.insert(requested('5', 'r')))).toBe(REQUEST_KNOWN_CODE);
  expect(await a.commands.find('1')).toMatchObject({
    status: 'failed',
    error: { code: 'agent_lost' },
  });
  expect(await listStored(a)).toEqual(['2', '3', '4']);
});

/** Undoes this migration and the later ones. */
const DOWNGRADE = `DO $$
BEGIN
  DROP INDEX commands_sent;
  DELETE FROM transcript_total WHERE shard > 0;
  ALTER TABLE transcript_total DROP COLUMN shard;
  ALTER TABLE connections DROP COLUMN hub_id;
  DROP TABLE expiring_values, agent_changes, agent_states, hubs, output_epochs, request_keys, secrets, table_versions;
  ALTER TABLE commands DROP COLUMN ended_by;
  DROP FUNCTION add_output_epochs, cancel_approvals, note_command_end, note_agent_change, note_removed_agent, note_command_change, note_table_change CASCADE;
  ALTER TABLE schema_version DROP COLUMN oldest_version;
  UPDATE schema_version SET version = 1;
END $$`;

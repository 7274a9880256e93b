// The API of the audit log, for admins.
import { connect } from 'node:net';
import { expect, test } from 'bun:test';
import { type AuditEntry, AuditPage } from '../../../src/protocol/audit.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { auditEntry } from '../../support/samples.ts';
import { expectError, expectJson } from '../helpers.ts';

const asAdmin = { role: 'admin', userId: 'root' } as const;

const insert = (hub: TestHub, count: number, fields: Partial<AuditEntry> = {}) =>
  hub.store.audit.insert(
    ...Array.from({ length: count }, (_, i) => {
      return auditEntry({ id: `e${1_000_000 + i}`, time: i, ...fields });
    }),
  );

const exportAs = (hub: TestHub, accept: string, query = '') =>
  hub.callApi('GET', `/audit${query}`, { ...asAdmin, headers: { accept } });

test('pages are filtered, newest first', async () => {
  await using hub = await startTestHub();
  await insert(hub, 5);
  const list = (query: string): Promise<AuditPage> =>
    expectJson(hub.callApi('GET', `/audit?${query}`, asAdmin), 200, AuditPage);
  const query = 'since=1&until=4&actor=ada&action=agent.added&target=build&limit=2';
  const first = await list(query);
  expect(first.items.map(({ time }) => time)).toEqual([3, 2]);
  const second = await list(`${query}&cursor=${first.nextCursor}`);
  expect([second.items.map(({ time }) => time), second.nextCursor]).toEqual([[1], null]);
});

test.each(['since=x', 'limit=0', 'limit=201', 'action=unknown', 'cursor=x', 'until=1.5'])(
  'the query %s is rejected',
  async (query) => {
    await using hub = await startTestHub();
    await expectError(hub.callApi('GET', `/audit?${query}`, asAdmin), 400, 'invalid_message');
  },
);

test('exports contain everything that matches, and are recorded', async () => {
  await using hub = await startTestHub();
  await insert(hub, 450);
  await hub.store.audit.insert(
    auditEntry({ id: 'x', time: 500, target: '=cmd()', detail: { reason: 'a "b", c' } }),
  );
  const lines = (text: string, end: string) => text.split(end).slice(0, -1);
  const ndjson = await exportAs(hub, 'application/x-ndjson', '?until=600&limit=10');
  expect(ndjson.headers.get('content-type')).toBe('application/x-ndjson');
  const entries = lines(await ndjson.text(), '\n').map((line) => JSON.parse(line) as AuditEntry);
  expect(entries.map(({ time }) => time)).toEqual([
    500,
    ...Array.from({ length: 450 }, (_, i) => 449 - i),
  ]);
  const csv = await exportAs(hub, 'text/csv', '?until=600');
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const [header, first, ...rest] = lines(await csv.text(), '\r\n');
  expect(header).toBe('time,action,actorKind,actor,target,address,credentialId,detail,id');
  expect(first).toBe(
    `1970-01-01T00:00:00.500Z,agent.added,user,ada,'=cmd(),192.0.2.1,s1,"{""reason"":""a \\""b\\"", c""}",x`,
  );
  expect(rest).toHaveLength(450);
  const { items } = await hub.store.audit.listPage({ action: 'audit.exported' });
  expect(items.map(({ actor, detail }) => [actor, detail])).toEqual([
    ['root', { format: 'csv', until: 600 }],
    ['root', { format: 'ndjson', until: 600 }],
  ]);
});

test('an export that cannot be recorded is refused', async () => {
  await using hub = await startTestHub();
  await hub.issueToken('admin', 'root');
  hub.store.fail((call) => call === 'audit.insert');
  await expectError(exportAs(hub, 'text/csv'), 503, 'unavailable');
});

test('an export is read only as fast as the client takes it', async () => {
  await using hub = await startTestHub();
  await insert(hub, 10_000, { detail: { text: 'x'.repeat(2_000) } });
  let reads = 0;
  hub.store.fail((call) => {
    if (call === 'audit.listPage') reads += 1;
    return false;
  });
  const token = await hub.issueToken('admin', 'root');
  const socket = connect(hub.port, '127.0.0.1');
  const headers = `Host: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nAccept: text/csv`;
  socket.write(`GET /api/v1/audit HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => void socket.once('data', resolve));
  socket.pause();
  // Enough turns of the event loop to read the whole log.
  for (let i = 0; i < 150; i++) await hub.callApi('GET', '/agents', asAdmin);
  expect(reads).toBeLessThan(40);
  let received = 0;
  socket.on('data', (bytes) => (received += bytes.length));
  socket.resume();
  await new Promise((resolve) => void socket.once('close', resolve));
  expect(reads).toBeGreaterThanOrEqual(50);
  expect(received).toBeGreaterThan(19_000_000);
}, 60_000);

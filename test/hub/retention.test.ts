// Old history is deleted every hour, in batches.
import { expect, test } from 'bun:test';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { approval, auditEntry, chunk, storedCommand } from '../support/samples.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const countEntries = async (hub: TestHub) =>
  (await hub.store.audit.listPage({ limit: 200, action: 'agent.added' })).items.length;

test('the audit log is kept for its retention', async () => {
  await using hub = await startTestHub({ settings: { auditRetentionMs: 90 * DAY_MS } });
  await hub.store.audit.insert(
    auditEntry({ id: 'old', time: hub.clock.now() - 90 * DAY_MS + HOUR_MS / 2 }),
    auditEntry({ id: 'new', time: hub.clock.now() }),
  );
  hub.clock.advance(HOUR_MS - 1);
  await hub.flush();
  expect(await countEntries(hub)).toBe(2);
  hub.clock.advance(1);
  await hub.flush();
  expect(await countEntries(hub)).toBe(1);
});

test('by default, the audit log is kept for 90 days, and closed connections for 30', async () => {
  await using hub = await startTestHub();
  const DAYS = [29, 31, 89, 91];
  const start = hub.clock.now();
  const connection = {
    kind: 'dashboard',
    peer: 'ada',
    connectedAt: 0,
    disconnectedAt: null,
    closeCode: null,
    closeReason: null,
    clientInfo: null,
    credentialId: null,
    address: null,
  } as const;
  for (const days of DAYS) {
    const time = start - days * DAY_MS;
    await hub.store.audit.insert(auditEntry({ id: `${days}`, time }));
    await hub.store.connections.insert({ ...connection, id: `${days}` });
    await hub.store.connections.markClosed(`${days}`, time, 1000, '');
  }
  await hub.store.connections.insert({ ...connection, id: 'open' });
  const list = async () => ({
    entries: (await hub.store.audit.listPage({ action: 'agent.added' })).items.map(({ id }) => id),
    connections: (await hub.store.connections.list(10)).map(({ id }) => id).toSorted(),
  });
  expect((await list()).entries).toEqual(['29', '31', '89', '91']);
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  expect(await list()).toEqual({ entries: ['29', '31', '89'], connections: ['29', 'open'] });
  hub.clock.advance(2 * DAY_MS - HOUR_MS);
  await hub.flush();
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  expect(await list()).toEqual({ entries: ['29', '31'], connections: ['open'] });
});

test('ended commands are kept for their retention, with their approval requests', async () => {
  await using hub = await startTestHub({ settings: { commandRetentionMs: 7 * DAY_MS } });
  const { store } = hub;
  const old = hub.clock.now() - 8 * DAY_MS;
  const ended = { status: 'completed', requestedAt: old, completedAt: old } as const;
  await store.commands.insert([
    storedCommand({ ...ended, id: 'old' }),
    storedCommand({ ...ended, id: 'open', isOutputOpen: true }),
    storedCommand({ ...ended, id: 'recent', completedAt: hub.clock.now() }),
    storedCommand({ id: 'queued', requestedAt: old }),
  ]);
  for (const commandId of ['old', 'recent']) {
    await store.approvals.insert(approval({ approvalId: commandId, commandId }), 'detail');
    const time = commandId === 'old' ? old : hub.clock.now();
    await store.output.append(commandId, [chunk()], 1, time);
  }
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  const { items } = await store.commands.listPage({});
  expect(items.map(({ id }) => id).toSorted()).toEqual(['open', 'queued', 'recent']);
  expect(await store.approvals.find('old')).toBeUndefined();
  expect(await store.approvals.findDetail('old')).toBeUndefined();
  expect(await store.approvals.find('recent')).toBeDefined();
  expect(await store.output.listLatest('old', Infinity)).toEqual([]);
  expect(await store.output.listLatest('recent', Infinity)).toHaveLength(1);
});

test('without a retention, everything is kept', async () => {
  const settings = { auditRetentionMs: null, connectionLogRetentionMs: null };
  await using hub = await startTestHub({ settings });
  await hub.store.audit.insert(auditEntry({ time: 0 }));
  await hub.store.commands.insert(storedCommand({ status: 'completed', completedAt: 0 }));
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  expect(await countEntries(hub)).toBe(1);
  expect((await hub.store.commands.listPage({})).items).toHaveLength(1);
});

test('a failure is logged, and the next run continues', async () => {
  await using hub = await startTestHub();
  await hub.flush();
  await hub.store.audit.insert(auditEntry({ time: 0 }));
  hub.store.fail((call) => call === 'audit.purgeBefore');
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  expect(hub.logEntries.map(({ message }) => message)).toContain('Could not delete old history.');
  hub.store.clearFaults();
  hub.clock.advance(HOUR_MS);
  await hub.flush();
  expect(await countEntries(hub)).toBe(0);
});

test('100,000 rows are deleted in short writes', async () => {
  await using hub = await startTestHub();
  const { store } = hub;
  await store.audit.insert(
    ...Array.from({ length: 100_000 }, (_, i) => auditEntry({ id: `e${i}`, time: i })),
  );
  // The CPU time and the median, so that other processes of the machine do not matter.
  const durationsMs: number[] = [];
  let count: number;
  do {
    const before = process.cpuUsage();
    const deletion = store.audit.purgeBefore(100_000, 200);
    // Commits the deletion now: it waits for other writes otherwise.
    await store.probe();
    count = await deletion;
    const { user, system } = process.cpuUsage(before);
    durationsMs.push((user + system) / 1000);
  } while (count === 200);
  expect(durationsMs).toHaveLength(501);
  expect(durationsMs.toSorted((a, b) => a - b)[250]).toBeLessThan(8);
  expect(await countEntries(hub)).toBe(0);
}, 120_000);

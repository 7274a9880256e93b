// The connection log in the database (docs/data-model.md, "Data retention").
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent } from '../../support/hub/scripted-agent.ts';

test('the connection log records the peer, the times and the close code', async () => {
  await using hub = await startTestHub({ onDisk: true });
  const agent = await connectAgent(hub);
  const dashboard = await connectDashboard(hub);
  hub.clock.advance(1_000);
  dashboard.close();
  await dashboard.closed;
  agent.terminate();
  await agent.closed;
  await hub.flush();
  await hub.flush();
  const database = new Database(hub.file, { readonly: true });
  const rows = database.query('SELECT * FROM connections ORDER BY kind').all();
  database.close();
  const connectedAt = hub.clock.now() - 1_000;
  expect(rows).toMatchObject([
    {
      kind: 'agent',
      peer: 'agent',
      connected_at: connectedAt,
      disconnected_at: hub.clock.now(),
      close_code: 1006,
    },
    {
      kind: 'dashboard',
      peer: 'ada',
      connected_at: connectedAt,
      disconnected_at: hub.clock.now(),
      close_code: 1000,
    },
  ]);
});

test('the connection log is purged after 30 days', async () => {
  await using before = await startTestHub({ onDisk: true });
  const dashboard = await connectDashboard(before);
  dashboard.close();
  await dashboard.closed;
  await before.flush();
  const hour = 3_600_000;
  await using hub = await before.restart(30 * 24 * hour - hour / 2);
  const database = new Database(hub.file);
  const rows = () => database.query('SELECT id FROM connections').all().length;
  await hub.flush();
  expect(rows()).toBe(1);
  hub.clock.advance(hour);
  while (rows() > 0) await hub.flush();
  database.close();
});

// One account that opens as many dashboards as the compiled hub allows.
import { expect, test } from 'bun:test';
import { MAX_DASHBOARDS } from '../../src/protocol/limits.ts';
import { addUser } from '../support/accounts.ts';
import { openDashboard } from '../support/hub/dashboard.ts';
import { useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();

test('denial of service: one account with all dashboards does not keep others out', async () => {
  const greedy = await addUser(hub.url, hub.admin, 'greedy', 'viewer');
  const connect = async (token: string) => {
    const dashboard = await openDashboard(hub);
    await dashboard.connect({ issueToken: () => Promise.resolve(token) });
    return dashboard;
  };
  const dashboards = [];
  for (let i = 0; i < MAX_DASHBOARDS; i++) dashboards.push(await connect(greedy));
  expect(await connect(greedy).catch(String)).toContain('1013');

  // Each of these takes a place of the account with the most.
  for (const username of ['admin', 'first', 'second']) {
    const token =
      username === 'admin' ? hub.adminToken : await addUser(hub.url, hub.admin, username, 'viewer');
    const own = await connect(token);
    await own.ping();
    expect(await connect(greedy).catch(String)).toContain('1013');
    await own.ping();
  }
  const open = await Promise.all(
    dashboards.map((dashboard) => Promise.race([dashboard.closed, dashboard.ping()])),
  );
  expect(open.filter((closed) => closed)).toHaveLength(3);
}, 60_000);

// The hubs that share a PostgreSQL database: their list in the API and on the page, and the menu.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { HubPage, type HubSummary } from '../../../src/protocol/hubs.ts';
import type { HubReport } from '../../../src/store/cluster.ts';
import { createPostgresStore } from '../../../src/store/postgres/postgres-store.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { clusterOf, createMigratedDatabase } from '../../support/postgres-store.ts';
import { type PostgresServer, startPostgres } from '../../support/postgres.ts';
import { expectJson } from '../helpers.ts';
import { requestPage } from './helpers.ts';

const admin = { role: 'admin', userId: 'root' } as const;
const REPORT: HubReport = {
  agents: 3,
  dashboards: 4,
  isDraining: false,
  busLagMs: 1.5,
  storeLagMs: 2,
};

let server: PostgresServer;
let migrated: string;
beforeAll(async () => {
  server = await startPostgres();
  migrated = await createMigratedDatabase(server);
});
afterAll(() => server.remove());

/** Starts the hub `hub-1` on a new database. */
async function startSharedHub() {
  const url = await server.createDatabase(migrated);
  const store = await createPostgresStore(url);
  const hub = await startTestHub({ store });
  const cluster = clusterOf(store);
  return {
    hub,
    cluster,
    url,
    async register(node: string, report: Partial<HubReport> = {}): Promise<void> {
      await cluster.register({ node, hubId: node, version: '1.2.3' });
      await cluster.renew(node, { ...REPORT, ...report });
    },
    list: async (): Promise<HubSummary[]> =>
      (await expectJson(hub.callApi('GET', '/hubs', admin), 200, HubPage)).items,
    [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose](),
  };
}

test('every hub is listed with its state and its last report, and this hub as it is now', async () => {
  await using shared = await startSharedHub();
  await shared.register('hub-3', { isDraining: true });
  await shared.register('hub-1');
  await shared.register('hub-4', { isDraining: true });
  await shared.cluster.leave('hub-4');
  await shared.register('hub-2', { busLagMs: null });
  const age = `renewed_at = renewed_at - 11000, lease_ends_at = lease_ends_at - 11000`;
  await server.execute(`UPDATE hubs SET ${age} WHERE node = 'hub-2'`, shared.url);
  const hubs = await shared.list();
  expect(hubs).toMatchObject([
    { node: 'hub-1', isSelf: true, state: 'alive', agents: 0, dashboards: 0 },
    { node: 'hub-2', isSelf: false, state: 'no_contact', busLagMs: null, storeLagMs: 2 },
    { node: 'hub-3', isSelf: false, state: 'draining', agents: 3, dashboards: 4, busLagMs: 1.5 },
    { node: 'hub-4', isSelf: false, state: 'stopped' },
  ]);
  for (const { startedAt, lastContactAt, node } of hubs) {
    expect(lastContactAt - startedAt).toBeGreaterThanOrEqual(node === 'hub-2' ? -11_000 : 0);
  }
  const page = await (await requestPage(shared.hub, '/hubs', admin)).text();
  for (const text of ['Alive', 'No contact', 'Shutting down', 'Stopped']) {
    expect(page).toContain(text);
  }
  expect(page.match(/This hub/g)).toHaveLength(1);
});

test('a hub that is not registered lists itself, too', async () => {
  await using shared = await startSharedHub();
  await shared.register('hub-0');
  expect(await shared.list()).toMatchObject([
    { node: 'hub-0', isSelf: false, state: 'alive' },
    { node: 'hub-1', isSelf: true, state: 'alive', agents: 0 },
  ]);
});

test('admins have the page in their menu, and others do not', async () => {
  await using shared = await startSharedHub();
  const read = async (role: 'operator' | 'admin', path: string) =>
    (await requestPage(shared.hub, path, { role, userId: `the-${role}` })).text();
  for (const path of ['/', '/history', '/approvals', '/compare', '/account']) {
    expect(await read('admin', path)).toContain('href="/hubs"');
    expect(await read('operator', path)).not.toContain('href="/hubs"');
  }
});

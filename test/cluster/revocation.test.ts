// A session that ends on one hub ends on the others at once, and by the next poll if the bus is silent.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { signInToApi } from '../support/binary.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { connectDashboardTo } from '../support/cluster-clients.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 0 });
}, 120_000);
afterAll(() => cluster.stop());

/** Signs out on the first hub. Returns how long it takes until dashboards of the session are closed on the others, in milliseconds. */
async function measureSignOut(): Promise<number> {
  const [here, ...others] = cluster.hubs;
  if (!here || others.length === 0) throw new Error('There are fewer hubs.');
  const headers = await signInToApi(here.url);
  const dashboards = await Promise.all(
    others.map((hub) => connectDashboardTo({ ...cluster, headers }, hub)),
  );
  const start = performance.now();
  const response = await fetch(`${here.url}/api/v1/session`, { method: 'DELETE', headers });
  expect(response.status).toBe(204);
  for (const { closed } of dashboards) {
    expect(await closed).toEqual({ code: 1008, reason: 'revoked' });
  }
  const passed = performance.now() - start;
  for (const { url } of cluster.hubs) {
    expect((await fetch(`${url}/api/v1/agents`, { headers })).status).toBe(401);
  }
  return passed;
}

test('a session that ends on one hub closes its dashboards on the others within a second', async () => {
  expect(await measureSignOut()).toBeLessThan(1_000);
}, 60_000);

test('and within two seconds while all LISTEN connections are silent', async () => {
  const backends = await cluster.postgres.execute<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE query ILIKE 'LISTEN%'`,
  );
  expect(backends).toHaveLength(cluster.hubs.length);
  for (const { pid } of backends) process.kill(pid, 'SIGSTOP');
  try {
    expect(await measureSignOut()).toBeLessThan(2_000);
  } finally {
    for (const { pid } of backends) process.kill(pid, 'SIGCONT');
  }
}, 60_000);

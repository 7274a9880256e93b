// The clocks of hubs differ by minutes from each other, and from that of the database.
import { expect, test } from 'bun:test';
import { LEASE_MS, RENEW_MS } from '../../src/store/cluster.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import {
  endLease,
  type LinkedHub,
  passUntil,
  passUntilSettled,
  startLinkedHubs,
} from '../support/hub/linked-hubs.ts';
import { connectAgent, createHeldCommand } from '../support/hub/scripted-agent.ts';
import { useDatabase } from '../support/postgres-store.ts';

const SKEW_MS = 4 * 60_000;
const TIMEOUT_MS = 60_000;

const database = useDatabase();

/** Starts hubs: A is four minutes behind the database, and B four minutes ahead of it. */
async function startSkewedHubs() {
  const hubs = await startLinkedHubs(database.url);
  const [row] = await database.execute<{ now: string }>(
    'SELECT floor(extract(epoch FROM now()) * 1000)::bigint AS now',
  );
  for (const [hub, skew] of [
    [hubs.a, -SKEW_MS],
    [hubs.b, SKEW_MS],
  ] as const) {
    hub.clock.jump(Number(row?.now) + skew - hub.clock.now());
  }
  return hubs;
}

async function readOwner(): Promise<string | undefined> {
  const [owner] = await database.execute<{ node: string }>(
    'SELECT node FROM agent_states JOIN hubs USING (hub_id)',
  );
  return owner?.node;
}

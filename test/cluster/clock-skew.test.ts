// The clocks of hubs differ by minutes from each other, and from that of the database.
import { expect, test } from 'bun:test';
import { LEASE_MS, RENEW_MS } from '../../src/store/cluster.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import {
  endLease,
  hasLogged,
  passUntil,
  startCommand,
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

test('an agent belongs to its hub until the database says that the lease has ended', async () => {
  await using hubs = await startSkewedHubs();
  const { a, b } = hubs;
  const { there } = await startCommand(hubs);
  // They cannot ask each other.
  a.cut();
  for (let passed = 0; passed <= 2 * LEASE_MS; passed += RENEW_MS) {
    a.clock.advance(RENEW_MS);
    await a.flush();
    await b.advance(RENEW_MS, there);
    await b.flush();
  }
  expect(await readOwner()).toBe('hub-a');
  expect(there.agentStatuses()).toEqual(['online', 'busy']);
  await endLease(database, a);
  await passUntil(b, there, () => hasLogged(b, 'This hub owns'));
  expect(await readOwner()).toBe('hub-b');
});

test('sessions, request IDs and time limits are valid on both hubs', async () => {
  await using hubs = await startSkewedHubs();
  const { a, b } = hubs;
  const token = await a.issueToken();
  const agent = await connectAgent(a);
  const here = await connectDashboard(a, { token });
  const there = await connectDashboard(b, { token });
  expect((await b.callApi('GET', '/agents', { token })).status).toBe(200);
  await there.waitForAgentStatus('online');
  const options = { requestId: crypto.randomUUID(), timeoutMs: TIMEOUT_MS };
  const commandId = await here.request('work', options);
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  await there.waitForStatus(commandId, 'running');
  expect(await there.request('work', options)).toBe(commandId);

  const held = [createHeldCommand(commandId)];
  const moved = await connectAgent(b, { token: agent.token, held });
  expect(await there.request('work', options)).toBe(commandId);
  await b.advance(TIMEOUT_MS - 1_000, moved, there);
  expect(moved.ofType('command:interrupt')).toEqual([]);
  expect(moved.ofType('command:execute')).toEqual([]);
  await b.advance(1_000, moved, there);
  await moved.waitFor('command:interrupt', ({ reason }) => reason === 'timeout');
  moved.sendFinished(commandId, { outcome: 'interrupted', exitCode: null });
  await there.waitForStatus(commandId, 'failed');
  const response = await b.callApi('GET', `/commands/${commandId}`, { token });
  const { startedAt, completedAt } = (await response.json()) as Record<string, number>;
  expect(completedAt).toBeGreaterThanOrEqual(Number(startedAt));
});

// A hub for which each query takes long while it is fast for the others.
import { expect, test } from 'bun:test';
import { LEASE_MS } from '../../src/store/cluster.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { connectAgentTo, connectDashboardTo, waitForAgent } from '../support/cluster-clients.ts';

const QUERY_MS = 200;
const LINES = 20;

/** The owner of an agent, and whether it has a lease. */
async function readOwner({ postgres, database }: Cluster, agentId: string) {
  const [row] = await postgres.execute<{ node: string; epoch: string; isAlive: boolean }>(
    `SELECT node, epoch, lease_ends_at > extract(epoch FROM now()) * 1000 AS "isAlive"
     FROM agent_states JOIN hubs USING (hub_id) WHERE agent_id = '${agentId}'`,
    database,
  );
  return row;
}

test('a hub whose queries take 200 ms keeps its lease and works', async () => {
  await using cluster = await startCluster({ hubs: 2, agents: 0, hasNetworks: true });
  const [slow, other] = cluster.hubs;
  if (!slow?.network || !other) throw new Error('There are fewer hubs.');
  const agentId = 'agent';
  const agent = await connectAgentTo(cluster, slow, agentId);
  await waitForAgent(cluster, agentId, 'online', other);
  const here = await connectDashboardTo(cluster, slow);
  const there = await connectDashboardTo(cluster, other);
  const owner = await readOwner(cluster, agentId);
  expect(owner).toMatchObject({ node: slow.node, isAlive: true });

  slow.network.slowDown(QUERY_MS);
  const start = performance.now();
  let count = 0;
  for (; performance.now() - start < 1.5 * LEASE_MS; count++) {
    const from = count % 2 === 0 ? here : there;
    const requestedAt = performance.now();
    const commandId = await from.request('work', { agentId });
    // The commit of its owner takes several queries.
    if (from === here) expect(performance.now() - requestedAt).toBeGreaterThan(QUERY_MS);
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    const lines = Array.from({ length: LINES }, (_, index) => `${count}: line ${index}\n`);
    for (const line of lines) {
      agent.sendOutput(commandId, line);
      await agent.ping();
    }
    agent.sendFinished(commandId);
    for (const dashboard of [here, there]) {
      await dashboard.waitForStatus(commandId, 'completed');
      await dashboard.waitForComplete(commandId);
      expect(dashboard.outputOf(commandId)).toBe(lines.join(''));
      const sequences = dashboard.sequencesOf(commandId);
      expect(sequences).toEqual(sequences.map((_, index) => index));
    }
    expect(await readOwner(cluster, agentId)).toEqual(owner);
    expect((await fetch(`${slow.url}/readyz`)).status).toBe(200);
  }
  expect(agent.executedCommands()).toHaveLength(count);
  agent.terminate();
  here.terminate();
  there.terminate();
}, 120_000);

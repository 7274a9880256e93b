// Clients of a system of several hubs: dashboards and scripted agents on a certain hub, and what the system stores.
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { hasEnded } from '../../src/protocol/command-status.ts';
import { addAgent } from './binary.ts';
import type { Cluster, ClusterHub } from './cluster.ts';
import { type DashboardOptions, openDashboard } from './hub/dashboard.ts';
import { type AgentConnectFields, openAgent } from './hub/scripted-agent.ts';

/** Something with a URL: a hub, or the whole system behind its load balancer. */
type Server = Pick<ClusterHub, 'url'>;

const wsUrlOf = ({ url }: Server) => url.replace('http', 'ws');

/** Connects a dashboard of the admin to a hub. */
export async function connectDashboardTo(
  cluster: Cluster,
  server: Server,
  options: DashboardOptions = { terminals: 'all' },
) {
  const token = cluster.headers['authorization']?.slice(7) ?? '';
  const dashboard = await openDashboard({ wsUrl: wsUrlOf(server) });
  await dashboard.connect({ issueToken: () => Promise.resolve(token) }, options);
  return dashboard;
}

export type ClusterDashboard = Awaited<ReturnType<typeof connectDashboardTo>>;

/** Connects a scripted agent to a hub, which becomes its owner. Adds it, unless `fields` have its token. */
export async function connectAgentTo(
  cluster: Cluster,
  server: Server,
  agentId: string,
  fields: AgentConnectFields = {},
) {
  const token = fields.token ?? (await addAgent(cluster.url, agentId, 'claude', cluster.headers));
  const agent = await openAgent({ wsUrl: wsUrlOf(server) });
  agent.sendConnect({ instanceId: `instance-${agentId}`, ...fields, agentId, token });
  await agent.waitFor('agent:welcome');
  return { ...agent, agentId, token };
}

export type ClusterAgentScript = Awaited<ReturnType<typeof connectAgentTo>>;

/** Reads something again after each message that a dashboard receives, until it is truthy. */
export async function readUntil<T>(
  dashboard: ClusterDashboard,
  read: () => Promise<T | undefined | null | false>,
): Promise<T> {
  for (;;) {
    const count = dashboard.received.length;
    const value = await read();
    if (value) return value;
    await dashboard.waitUntil(() => dashboard.received.length > count, 'a change');
  }
}

/** Resolves with what a path of the API of a hub returns once that is what is expected. */
export async function waitForState<T>(
  cluster: Cluster,
  server: Server,
  path: string,
  isExpected: (body: T) => boolean,
): Promise<T> {
  const dashboard = await connectDashboardTo(cluster, server, { terminals: 'attached' });
  try {
    return await readUntil(dashboard, async () => {
      const body = await cluster.api<T>(path, {}, server.url);
      return isExpected(body) && body;
    });
  } finally {
    dashboard.terminate();
  }
}

/** Resolves with an agent once a hub shows it with this status. */
export const waitForAgent = (
  cluster: Cluster,
  agentId: string,
  status: AgentSummary['status'],
  server: Server = cluster,
): Promise<AgentSummary> =>
  waitForState(cluster, server, `/agents/${agentId}`, (agent) => agent.status === status);

/** Resolves with a command once a hub shows that it has ended. */
export const waitForEnd = (
  cluster: Cluster,
  commandId: string,
  server: Server = cluster,
): Promise<CommandExecution> =>
  waitForState<CommandExecution>(
    cluster,
    server,
    `/commands/${commandId}`,
    ({ status }) => status !== undefined && hasEnded(status),
  );

/** Resolves once the load balancer sends requests to all hubs. */
export async function waitForReady({ haproxy, hubs }: Cluster): Promise<void> {
  while ((await haproxy.listReady()).length < hubs.length);
}

/** Makes a hub seem dead for the others. */
export const endLease = ({ postgres, database }: Cluster, { node }: ClusterHub) =>
  postgres.execute(`UPDATE hubs SET lease_ends_at = 0 WHERE node = '${node}'`, database);

/** Starts a hub again that was killed. Its earlier lease may not have ended. */
export async function revive(cluster: Cluster, hub: ClusterHub): Promise<void> {
  await endLease(cluster, hub);
  await hub.start();
}

/** Returns the hub that owns an agent; undefined if none does. */
export async function findOwner(
  cluster: Cluster,
  agentId: string,
): Promise<ClusterHub | undefined> {
  const rows = await cluster.postgres.execute<{ node: string }>(
    `SELECT node FROM agent_states JOIN hubs USING (hub_id) WHERE agent_id = '${agentId}'`,
    cluster.database,
  );
  return cluster.hubs.find(({ node }) => node === rows[0]?.node);
}

/** @throws if no hub owns the agent */
export async function requireOwner(cluster: Cluster, agentId: string): Promise<ClusterHub> {
  const owner = await findOwner(cluster, agentId);
  if (!owner) throw new Error(`No hub owns ${agentId}.`);
  return owner;
}

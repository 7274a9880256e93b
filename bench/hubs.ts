// Starts several hubs under load: the agents are on the first hub, and the dashboards on all hubs in turn.
import { addAgent } from '../test/support/binary.ts';
import { startCluster } from '../test/support/cluster.ts';
import { startLoad } from './load/load.ts';
import type { Context } from './scenario.ts';
import type { LoadSize } from './servers.ts';
import { readCpuSeconds } from './usage.ts';

export const BUSES = ['PostgreSQL', 'NATS'] as const;
export type BusName = (typeof BUSES)[number];

const LIMITS = ['--max-dashboards', '10000', '--max-agents', '1000'];

export interface HubsSize extends LoadSize {
  hubs: number;
  bus: BusName;
}

/** Starts hubs, dashboards and scripted agents. @throws if PostgreSQL, HAProxy or NATS is not installed */
export async function startHubs(
  context: Context,
  { hubs: count, bus, readers, sources }: HubsSize,
) {
  const cluster = await startCluster({
    hubs: count,
    agents: 0,
    hasNats: bus === 'NATS',
    hubFlags: LIMITS,
  });
  context.defer(cluster.stop);
  const { hubs, headers } = cluster;
  const [owner] = hubs;
  if (!owner) throw new Error('A hub is needed.');
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';
  const agents: { agentId: string; token: string }[] = [];
  while (agents.length < sources) {
    const agentId = `agent-${agents.length}`;
    agents.push({ agentId, token: await addAgent(owner.url, agentId, 'claude', headers) });
  }
  const load = await startLoad({
    protocol: 'signalbox',
    url: owner.url,
    serverPid: owner.pid(),
    token,
    readers,
    readerTokens: [token],
    readerUrls: hubs.map(({ url }) => url),
    agents,
  });
  context.defer(load.stop);
  /** CPU seconds of all hubs together. */
  const readHubSeconds = () => hubs.reduce((sum, { pid }) => sum + readCpuSeconds(pid()), 0);
  return { cluster, load, readHubSeconds };
}

// Everything that is alive in a round: the hub, the agents and dashboards, and the network between them.
import { join } from 'node:path';
import { type ChaosAgent, startAgent } from './agent.ts';
import { type ChaosDashboard, openDashboard } from './dashboard.ts';
import { type HubUnderTest, startBinaryHub, startInsideHub } from './hub-under-test.ts';
import { createKit, type Kit } from './kit.ts';
import type { Plan } from './plan.ts';
import { createPrng, type Prng } from './prng.ts';
import { markedAs } from './processes.ts';
import { openProxy, type Proxy } from './proxy.ts';

export interface World {
  hub: HubUnderTest;
  kit: Kit;
  agents: ChaosAgent[];
  dashboards: ChaosDashboard[];
  /** The agents' proxies, then the dashboards'. */
  proxies: Proxy[];
  /** A dashboard that no fault comes near. */
  openWitness(): ChaosDashboard;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** The compiled binary. */
  binary: string;
  /** Where everything is kept. */
  folder: string;
  /** What marks its processes. */
  mark: string;
}

/** Builds it; resolves once all agents are online. */
export async function createWorld(
  plan: Plan,
  { binary, folder, mark }: WorldOptions,
): Promise<World> {
  const prng: Prng = createPrng(`world ${plan.seed}`);
  const env = markedAs(mark);
  const kit = createKit(folder);
  const { bufferMemory } = plan;
  const hub = plan.inside
    ? await startInsideHub(bufferMemory)
    : await startBinaryHub({ binary, folder, bufferMemory, env });
  const proxies: Proxy[] = [];
  const agents: ChaosAgent[] = [];

  async function proxyUrl(label: string): Promise<string> {
    const proxy = await openProxy(hub.port, prng.fork(label));
    proxies.push(proxy);
    return `127.0.0.1:${proxy.port}`;
  }

  function openOne(name: string, url: () => string, options: Plan['dashboards'][number]) {
    const { token, now } = hub;
    return openDashboard({ ...options, name, url, token, now, prng: prng.fork(name) });
  }

  for (let index = 0; index < plan.agents; index += 1) {
    const agentId = `a${index}`;
    const hubUrl = `http://${await proxyUrl(agentId)}`;
    const token = await hub.addAgent(agentId);
    agents.push(startAgent({ binary, agentId, hubUrl, token, folder, env, returns: plan.inside }));
  }
  const dashboards: ChaosDashboard[] = [];
  for (const [index, options] of plan.dashboards.entries()) {
    const name = `d${index}`;
    const url = `ws://${await proxyUrl(name)}`;
    dashboards.push(openOne(name, () => url, options));
  }
  const isReady = (dashboard: ChaosDashboard) =>
    dashboard.isWelcome() && agents.every(({ agentId }) => dashboard.agent(agentId) === 'online');
  await Promise.all(dashboards.map((dashboard) => dashboard.when(() => isReady(dashboard))));

  return {
    hub,
    kit,
    agents,
    dashboards,
    proxies,
    openWitness: () =>
      openOne('witness', () => `ws://127.0.0.1:${hub.port()}`, {
        mode: 'attached',
        deflates: false,
      }),
    async close() {
      for (const dashboard of dashboards) dashboard.close();
      for (const proxy of proxies) proxy.close();
      await hub.dispose();
    },
  };
}

/** Where a round may leave its logs. */
export const logPath = (folder: string, name: string) => join(folder, `${name}.log`);

// The system under test in a round: the hub, the agents, the dashboards and the network between them.
import { join } from 'node:path';
import { type ChaosAgent, startChaosAgent } from './agent/agent.ts';
import { startBinaryHub } from './hub/binary-hub.ts';
import { type ChaosDashboard, openDashboard } from './dashboard/dashboard.ts';
import type { HubUnderTest } from './hub/hub-under-test.ts';
import { startInProcessHub } from './hub/in-process-hub.ts';
import type { DashboardPlan, Plan } from './plan.ts';
import { createPrng, type Prng } from './prng.ts';
import { openProxy, type Proxy } from './network/proxy.ts';
import { createRoundEnvironment } from './round-processes.ts';
import { createShellLibrary, type ShellLibrary } from './agent/shell-library.ts';

export interface System {
  hub: HubUnderTest;
  library: ShellLibrary;
  agents: ChaosAgent[];
  dashboards: ChaosDashboard[];
  /** The proxies of the agents, then those of the dashboards. */
  proxies: Proxy[];
  /** Opens a dashboard that is not affected by faults. */
  openObserver(): ChaosDashboard;
  close(): Promise<void>;
}

export interface SystemOptions {
  /** The path of the compiled executable. */
  binary: string;
  folder: string;
  roundId: string;
}

/** Starts the system; resolves once every dashboard sees all agents online. */
export async function startSystem(
  plan: Plan,
  { binary, folder, roundId }: SystemOptions,
): Promise<System> {
  const prng: Prng = createPrng(`system ${plan.seed}`);
  const env = createRoundEnvironment(roundId);
  const library = createShellLibrary(folder);
  const { bufferMemoryMb, isInProcess } = plan;
  const hub = isInProcess
    ? await startInProcessHub(bufferMemoryMb)
    : await startBinaryHub({ binary, folder, bufferMemoryMb, env });
  const proxies: Proxy[] = [];
  const agents: ChaosAgent[] = [];
  const dashboards: ChaosDashboard[] = [];

  async function openProxyFor(name: string): Promise<string> {
    const proxy = await openProxy(hub.port, prng.fork(name));
    proxies.push(proxy);
    return `127.0.0.1:${proxy.port}`;
  }

  function open(name: string, url: () => string, options: DashboardPlan) {
    const { issueToken, now } = hub;
    return openDashboard({ ...options, name, url, issueToken, now, prng: prng.fork(name) });
  }

  for (let index = 0; index < plan.agents; index += 1) {
    const agentId = `a${index}`;
    const hubUrl = `http://${await openProxyFor(agentId)}`;
    const token = await hub.addAgent(agentId);
    const restartsAfterRejection = isInProcess;
    agents.push(
      startChaosAgent({ binary, agentId, hubUrl, token, folder, env, restartsAfterRejection }),
    );
  }
  for (const [index, options] of plan.dashboards.entries()) {
    const name = `d${index}`;
    const url = `ws://${await openProxyFor(name)}`;
    dashboards.push(open(name, () => url, options));
  }
  const isReady = (dashboard: ChaosDashboard) =>
    dashboard.isWelcome() &&
    agents.every(({ agentId }) => dashboard.agentStatus(agentId) === 'online');
  await Promise.all(dashboards.map((dashboard) => dashboard.waitUntil(() => isReady(dashboard))));

  return {
    hub,
    library,
    agents,
    dashboards,
    proxies,
    openObserver: () =>
      open('observer', () => `ws://127.0.0.1:${hub.port()}`, {
        mode: 'attached',
        acceptsDeflate: false,
      }),
    async close() {
      for (const dashboard of dashboards) dashboard.close();
      for (const proxy of proxies) proxy.close();
      await hub.dispose();
    },
  };
}

/** Returns the path of a log in the folder of a round. */
export const logPath = (folder: string, name: string) => join(folder, `${name}.log`);

// The system under test in a round: the hub, the agents, the dashboards and the network between them.
import { join } from 'node:path';
import { type ChaosAgent, startChaosAgent } from './agent/agent.ts';
import { startBinaryHub } from './hub/binary-hub.ts';
import { type ChaosDashboard, openDashboard } from './dashboard/dashboard.ts';
import type { HubUnderTest } from './hub/hub-under-test.ts';
import { type HubCluster, startHubCluster } from './hub/hub-cluster.ts';
import { startInProcessHub } from './hub/in-process-hub.ts';
import { AGENTS_WITH_PROGRAM, type DashboardPlan, type Plan } from './plan.ts';
import { createPrng, type Prng } from './prng.ts';
import { createProgress, type Progress } from './progress.ts';
import { openProxy, type Proxy } from './network/proxy.ts';
import type { DatabaseServer } from './servers/database.ts';
import { createRoundEnvironment } from './round-processes.ts';
import { createInbox, type Inbox } from './agent/inbox.ts';
import type { Frame } from './network/frame-splitter.ts';
import { createShellLibrary, type ShellLibrary } from './agent/shell-library.ts';

export interface System {
  plan: Plan;
  hub: HubUnderTest;
  /** The hub, if it consists of several. */
  cluster: HubCluster | null;
  library: ShellLibrary;
  agents: ChaosAgent[];
  /** By agent: what the hub has sent to it. */
  inboxes: Inbox[];
  dashboards: ChaosDashboard[];
  /** The proxies of the agents, then those of the dashboards. */
  proxies: Proxy[];
  /** A dashboard that network faults do not affect. It receives no output. */
  observer: ChaosDashboard;
  /** Whether any dashboard still receives messages. */
  progress: Progress;
  close(): Promise<void>;
}

export interface SystemOptions {
  /** The path of the compiled executable. */
  binary: string;
  folder: string;
  roundId: string;
  /** The servers of several hubs; null for one hub. */
  servers: ClusterServers | null;
}

export interface ClusterServers {
  database: DatabaseServer;
  bus: 'pg' | 'nats';
}

/** Starts the system; resolves once every dashboard sees all agents online. */
export async function startSystem(
  plan: Plan,
  { binary, folder, roundId, servers }: SystemOptions,
): Promise<System> {
  const prng: Prng = createPrng(`system ${plan.seed}`);
  const env = createRoundEnvironment(roundId);
  const library = createShellLibrary(folder);
  const progress = createProgress();
  const { bufferMemoryMb, isInProcess } = plan;
  const cluster =
    servers &&
    (await startHubCluster({
      binary,
      folder,
      bufferMemoryMb,
      env,
      prng: prng.fork('hubs'),
      server: servers.database,
      bus: servers.bus,
      clockSkews: plan.clockSkews,
    }));
  const hub: HubUnderTest = cluster ?? (await startOneHub());

  function startOneHub() {
    if (isInProcess) return startInProcessHub(bufferMemoryMb);
    return startBinaryHub({ binary, folder, bufferMemoryMb, env });
  }

  const proxies: Proxy[] = [];
  const agents: ChaosAgent[] = [];
  const inboxes: Inbox[] = [];
  const dashboards: ChaosDashboard[] = [];

  async function openProxyFor(
    name: string,
    onHubMessage?: (frame: Frame) => void,
  ): Promise<string> {
    const proxy = await openProxy(hub.port, prng.fork(name), onHubMessage);
    proxies.push(proxy);
    return `127.0.0.1:${proxy.port}`;
  }

  function open(name: string, url: () => string, options: DashboardPlan) {
    const { issueToken, now } = hub;
    return openDashboard({
      ...options,
      name,
      url,
      issueToken,
      now,
      prng: prng.fork(name),
      onProgress: progress.touch,
    });
  }

  for (let index = 0; index < plan.agents; index += 1) {
    const agentId = `a${index}`;
    const inbox = createInbox();
    inboxes.push(inbox);
    const hubUrl = `http://${await openProxyFor(agentId, inbox.add)}`;
    const token = await hub.addAgent(agentId);
    const hasProgram = index < AGENTS_WITH_PROGRAM;
    agents.push(startChaosAgent({ binary, agentId, hubUrl, token, folder, env, hasProgram }));
  }
  for (const [index, options] of plan.dashboards.entries()) {
    const name = `d${index}`;
    const url = `ws://${await openProxyFor(name)}`;
    dashboards.push(open(name, () => url, options));
  }
  const isReady = (dashboard: ChaosDashboard) =>
    dashboard.isWelcome() &&
    agents.every(({ agentId }) => dashboard.agentStatus(agentId) === 'online');
  const observer = open('observer', () => `ws://127.0.0.1:${hub.port()}`, {
    mode: 'none',
    acceptsDeflate: false,
    acceptsReset: true,
  });
  const all = [observer, ...dashboards];
  await Promise.all(all.map((dashboard) => dashboard.waitUntil(() => isReady(dashboard))));

  return {
    plan,
    hub,
    cluster,
    library,
    agents,
    inboxes,
    dashboards,
    proxies,
    observer,
    progress,
    async close() {
      for (const dashboard of all) dashboard.close();
      for (const proxy of proxies) proxy.close();
      await hub.dispose();
    },
  };
}

/** Returns the path of a log in the folder of a round. */
export const logPath = (folder: string, name: string) => join(folder, `${name}.log`);

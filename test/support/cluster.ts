// A system of several hubs as it is operated: PostgreSQL, HAProxy, hubs and agents, all of them processes on the loopback
// interface, hubs and agents from the compiled executable. Tests end, freeze and
// restart each of them. The bus is NATS or PostgreSQL.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ExitCode } from '../../src/cli/exit-codes.ts';
import { addAgent, buildBinary, PASSWORD, signInToApi } from './binary.ts';
import { startBound } from './bound-process.ts';
import { findFreePort } from './free-port.ts';
import { startHaproxy } from './haproxy.ts';
import { startNats } from './nats.ts';
import { type Network, startNetwork } from './network.ts';
import { startPostgres } from './postgres.ts';
import type { RunningProcess } from './processes.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface ClusterOptions {
  /** How many hubs and agents it has. */
  hubs?: number;
  agents?: number;
  /** Whether the bus is NATS. Otherwise it is PostgreSQL. */
  hasNats?: boolean;
  /** More options of each hub. */
  hubFlags?: readonly string[];
  /** Whether the caller handles SIGINT and SIGTERM. */
  hasOwnSignals?: boolean;
  /** More options of each agent. */
  agentFlags?: readonly string[];
  /** The executable. It is built without it. */
  binary?: string;
  /** Whether tests can cut each hub off from the database. */
  hasNetworks?: boolean;
}

/** A process of the system that can be ended and started again. */
export type Member = Awaited<ReturnType<typeof startMember>>;

export interface ClusterHub extends Member {
  node: string;
  /** The URL of this hub without the load balancer. */
  url: string;
  port: number;
  /** Its connections to the database; null unless `hasNetworks`. */
  network: Network | null;
}

export interface ClusterAgent extends Member {
  agentId: string;
  /** The folder that its commands run in. */
  folder: string;
}

export type Cluster = Awaited<ReturnType<typeof startCluster>>;

/**
 * Starts a system, and waits until all hubs are ready and all agents are connected. `stop`, `await using`, an error while it
 * starts, and Ctrl-C stop all of it and delete its folders.
 */
export async function startCluster(options: ClusterOptions = {}) {
  const started = new AsyncDisposableStack();
  if (!options.hasOwnSignals) {
    const forget = onStopSignal(async () => {
      await started.disposeAsync();
      process.exit(ExitCode.interrupted);
    });
    started.defer(forget);
  }
  try {
    return await startMembers(options, started);
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

/** @param started what must be stopped and removed */
async function startMembers(options: ClusterOptions, started: AsyncDisposableStack) {
  const binary = options.binary ?? buildBinary();
  const folder = createTemporaryFolder();
  started.defer(folder.remove);
  const postgres = await startPostgres();
  started.defer(postgres.remove);
  const database = await postgres.createDatabase();
  const nats = options.hasNats ? await startNats() : null;
  if (nats) started.defer(nats.remove);
  const names = Array.from({ length: options.hubs ?? 3 }, (_, index) => `hub-${index + 1}`);
  const ports = new Map<string, number>();
  for (const node of names) ports.set(node, await findFreePort());
  const portOf = (node: string) => ports.get(node) ?? 0;
  const haproxy = await startHaproxy({ hubs: names.map((node) => ({ node, port: portOf(node) })) });
  started.defer(haproxy.remove);

  async function startHub(node: string): Promise<ClusterHub> {
    const port = portOf(node);
    const data = join(folder.path, node);
    const identity = ['--node', node, '--port', String(port), '--data', data];
    const clients = ['--public-url', haproxy.url, '--trusted-proxy', '127.0.0.1'];
    const network = options.hasNetworks ? await startNetwork(Number(new URL(database).port)) : null;
    if (network) started.defer(network.close);
    const member = await startMember({
      command: [binary, 'serve', ...identity, ...clients, ...(options.hubFlags ?? [])],
      env: {
        SIGNALBOX_STORE: network ? withPort(database, network.port) : database,
        SIGNALBOX_ADMIN_PASSWORD: PASSWORD,
        ...(nats && { SIGNALBOX_BUS: nats.url }),
      },
      ready: /Signalbox is ready/,
    });
    started.defer(member.end);
    return { ...member, node, port, network, url: `http://127.0.0.1:${port}` };
  }

  // The first one creates the tables.
  const hubs = names.length === 0 ? [] : [await startHub(names[0] ?? '')];
  hubs.push(...(await Promise.all(names.slice(1).map(startHub))));
  // When HAProxy has started, none of them had.
  while ((await haproxy.listReady()).length < hubs.length);
  const headers = await signInToApi(haproxy.url);

  async function startAgent(agentId: string): Promise<ClusterAgent> {
    const work = join(folder.path, `work-${agentId}`);
    mkdirSync(work);
    const state = join(folder.path, `state-${agentId}`);
    const identity = ['--id', agentId, '--type', 'claude', '--no-acp'];
    const token = await addAgent(haproxy.url, agentId, 'claude', headers);
    const member = await startMember({
      command: [
        binary,
        'agent',
        '--hub',
        haproxy.url,
        ...identity,
        '--state',
        state,
        ...(options.agentFlags ?? []),
      ],
      env: { SIGNALBOX_AGENT_TOKEN: token },
      cwd: work,
      ready: /connected to/,
    });
    started.defer(member.end);
    return { ...member, agentId, folder: work };
  }

  const agentIds = Array.from({ length: options.agents ?? 2 }, (_, index) => `agent-${index + 1}`);
  const agents = await Promise.all(agentIds.map(startAgent));

  return {
    /** The URL of the load balancer. */
    url: haproxy.url,
    /** The path of the executable. */
    binary,
    postgres,
    /** The URL of the database. */
    database,
    haproxy,
    /** Null if the bus is PostgreSQL. */
    nats,
    hubs,
    agents,
    /** Headers for API requests of the admin. */
    headers,
    /** Calls the API, and returns the body of the response. @param url of a hub, instead of the load balancer */
    async api<T = unknown>(path: string, init: RequestInit = {}, url = haproxy.url): Promise<T> {
      const response = await fetch(`${url}/api/v1${path}`, { headers, ...init });
      return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
    },
    /** Returns the hub that an agent connected to last, by the logs of the hubs. */
    findOwner(agentId: string): ClusterHub | undefined {
      const connected = new RegExp(`^(\\S+) .*Agent connected\\. agentId=${agentId}$`, 'gm');
      const times = hubs.map((hub) => {
        const [, time = ''] = [...hub.output().matchAll(connected)].at(-1) ?? [];
        return { hub, time };
      });
      const last = times.toSorted((a, b) => a.time.localeCompare(b.time)).at(-1);
      return last && last.time !== '' ? last.hub : undefined;
    },
    async stop(): Promise<void> {
      await started.disposeAsync();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

/** Calls `handle` at the first signal that ends this process. Returns a function that restores the default. */
function onStopSignal(handle: () => Promise<void>): () => void {
  let handling: Promise<void> | null = null;
  // Another signal does not end the process before it has cleaned up.
  const listener = () => void (handling ??= handle());
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, listener);
  };
}

interface MemberOptions {
  command: string[];
  env: Record<string, string>;
  cwd?: string;
  /** What it prints when it works. */
  ready: RegExp;
}

async function startMember({ command, env, cwd, ready }: MemberOptions) {
  const runs: RunningProcess[] = [];

  async function start(): Promise<void> {
    const run = startBound(command, env, cwd);
    runs.push(run);
    await run.waitForOutput(ready);
  }

  const current = (): RunningProcess => {
    const run = runs.at(-1);
    if (!run) throw new Error('The process was never started.');
    return run;
  };

  /** Ends it with a signal, and waits for that. Returns the exit code. */
  function end(signal: NodeJS.Signals): Promise<number> {
    const run = current();
    run.kill(signal);
    // A frozen process takes note of the signal only then.
    run.kill('SIGCONT');
    return run.exited;
  }

  await start();
  return {
    pid: () => current().pid,
    /** What all its runs have printed. */
    output: () => runs.map((run) => run.output()).join(''),
    /** Resolves with the exit code of the current run. */
    exited: () => current().exited,
    /** Ends it as a crash does. */
    kill: () => end('SIGKILL'),
    /** Ends it as a service manager does. */
    stop: () => end('SIGTERM'),
    /** Stops the process where it is: connections stay open, and nothing is answered. */
    freeze: () => current().kill('SIGSTOP'),
    thaw: () => current().kill('SIGCONT'),
    /** Starts it again, and waits until it works. */
    start,
    async restart(): Promise<void> {
      await end('SIGTERM');
      await start();
    },
    /** Ends it without regard for its state, after a test. */
    async end(): Promise<void> {
      await end('SIGKILL');
    },
  };
}

// `make cluster`: several hubs with their database, a load balancer and agents on this machine, to try out what happens
// when one of them fails. A process that ends is started again after a few seconds, as a service manager does.
import { Command } from 'commander';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { integerParser } from '../../src/config.ts';
import { buildBinary, PASSWORD } from '../support/binary.ts';
import { type Cluster, type Member, startCluster } from '../support/cluster.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const RESTART_MS = 5_000;
const WATCH_MS = 500;

const parseCount = integerParser(1, 9);
const options = new Command('cluster')
  .description('Start several hubs with PostgreSQL, NATS, HAProxy and agents on this machine.')
  .option('--hubs <number>', 'number of hubs', parseCount, 3)
  .option('--agents <number>', 'number of agents', parseCount, 2)
  .parse()
  .opts<{ hubs: number; agents: number }>();

const stop = new AbortController();
const stopRequested = new Promise<void>((resolve) => {
  stop.signal.addEventListener('abort', () => resolve());
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop.abort());
}

/** Starts a process again whenever it has ended. */
async function keepRunning(name: string, member: Member): Promise<void> {
  while (!stop.signal.aborted) {
    const code = await member.exited();
    if (stop.signal.aborted) return;
    console.log(`${name} ended with ${code}. It starts again in ${RESTART_MS / 1_000} s.`);
    await Promise.race([Bun.sleep(RESTART_MS), stopRequested]);
    if (stop.signal.aborted) return;
    try {
      await member.start();
      console.log(`${name} runs again: process ${member.pid()}.`);
    } catch (error) {
      console.log(error instanceof Error ? error.message : String(error));
    }
  }
}

/** Prints which hub each agent is connected to, whenever that changes. */
async function printOwners({ agents, findOwner }: Cluster): Promise<void> {
  const printed = new Map<string, number>();
  while (!stop.signal.aborted) {
    for (const { agentId } of agents) {
      const owner = findOwner(agentId);
      if (!owner || printed.get(agentId) === owner.pid()) continue;
      printed.set(agentId, owner.pid());
      console.log(
        `${agentId} is connected to ${owner.node}. To kill this hub: kill -9 ${owner.pid()}`,
      );
    }
    await Promise.race([Bun.sleep(WATCH_MS), stopRequested]);
  }
}

function describe({ url, database, nats, hubs, agents }: Cluster): string {
  const lines = [
    `Signalbox is ready at ${url}`,
    `Sign in as admin with the password: ${PASSWORD}`,
    '',
    ...hubs.map(({ node, url: own, pid }) => `${node}: ${own}, process ${pid()}`),
    ...agents.map(({ agentId, folder, pid }) => `${agentId}: in ${folder}, process ${pid()}`),
    `database: ${database}`,
    `bus: ${nats?.url}`,
    '',
    'Each of these processes starts again when it has ended. kill -STOP and kill -CONT freeze and thaw one.',
    `Hubs: dist/signalbox login --hub ${url} && dist/signalbox hubs`,
    'Ctrl-C stops everything.',
    '',
  ];
  return lines.join('\n');
}

const folder = createTemporaryFolder();
try {
  // A copy, because a build meanwhile would replace the executable.
  const binary = join(folder.path, 'signalbox');
  copyFileSync(buildBinary(), binary);
  await using cluster = await startCluster({
    ...options,
    hasNats: true,
    hasOwnSignals: true,
    binary,
  });
  if (!stop.signal.aborted) console.log(describe(cluster));
  const members = [
    ...cluster.hubs.map((hub) => [hub.node, hub] as const),
    ...cluster.agents.map((agent) => [agent.agentId, agent] as const),
  ];
  for (const [name, member] of members) void keepRunning(name, member);
  void printOwners(cluster);
  await stopRequested;
  console.log('Stopping.');
} finally {
  folder.remove();
}
process.exit(0);

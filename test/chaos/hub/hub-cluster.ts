// Several hubs of a round, with one database and a bus, behind a load balancer. Each has proxies of its own to the servers.
import { join } from 'node:path';
import { addAgent, signInToApi } from '../../support/binary.ts';
import { findFreePort } from '../../support/free-port.ts';
import { startNats } from '../../support/nats.ts';
import { openLink } from '../network/link.ts';
import type { Prng } from '../prng.ts';
import { readPostgresRows } from '../rows.ts';
import type { DatabaseServer } from '../servers/database.ts';
import { epochTime } from './epoch-time.ts';
import { type HubNode, startHubNode } from './hub-node.ts';
import type { HubUnderTest } from './hub-under-test.ts';
import { createLoadBalancer } from './load-balancer.ts';
import { skewClock } from './skewed-clock.ts';

export interface HubClusterOptions {
  binary: string;
  folder: string;
  bufferMemoryMb: number;
  env: Record<string, string>;
  prng: Prng;
  server: DatabaseServer;
  bus: 'pg' | 'nats';
  /** How much the clock of each hub is ahead of the system clock, in seconds. */
  clockSkews: readonly number[];
}

export interface HubCluster extends HubUnderTest {
  nodes: HubNode[];
  server: DatabaseServer;
  /** The NATS server; null if the bus is the database. */
  nats: { restart(): Promise<void> } | null;
}

/** How long a hub is down after a crash, in milliseconds. */
const LONGEST_DOWN_MS = 2_500;

export async function startHubCluster(options: HubClusterOptions): Promise<HubCluster> {
  const { binary, folder, env, prng, server, clockSkews } = options;
  await using started = new AsyncDisposableStack();
  const name = await server.createDatabase();
  const nats = options.bus === 'nats' ? await startNats() : null;
  if (nats) started.defer(nats.remove);

  const nodes: HubNode[] = [];
  for (const [index, skew] of clockSkews.entries()) {
    const database = await openLink(server.port);
    const bus = nats ? await openLink(nats.port) : database;
    started.defer(database.close);
    started.defer(bus.close);
    const node = `hub-${index + 1}`;
    const downTimes = prng.fork(node);
    const flags = ['--data', join(folder, node), '--buffer-memory', String(options.bufferMemoryMb)];
    const hub = startHubNode({
      node,
      port: await findFreePort(),
      binary,
      flags,
      env: {
        ...env,
        SIGNALBOX_STORE: `postgres://postgres@127.0.0.1:${database.port}/${name}`,
        ...(nats && { SIGNALBOX_BUS: `nats://127.0.0.1:${bus.port}` }),
        ...(skew !== 0 && skewClock(skew)),
      },
      database,
      bus,
      pickDownTime: () => downTimes.between(0, LONGEST_DOWN_MS),
    });
    // The first one creates the tables.
    if (index === 0) await hub.ready();
    nodes.push(hub);
  }
  await Promise.all(nodes.map((hub) => hub.ready()));
  const ports = nodes.map(({ port }) => port);
  const balancer = createLoadBalancer(ports, prng.fork('balancer'));
  started.defer(balancer.stop);
  const processAt = (port: number) => nodes.find((hub) => hub.port === port) ?? firstOf(nodes);
  const url = `http://127.0.0.1:${firstOf(nodes).port}`;
  const headers = await signInToApi(url);
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';
  const owned = started.move();

  return {
    nodes,
    server,
    nats: nats && {
      async restart() {
        await nats.stop();
        await nats.start();
      },
    },
    processes: nodes,
    processAt,
    port: () => balancer.choose((port) => processAt(port).isUp()),
    issueToken: () => Promise.resolve(token),
    addAgent: (agentId) => addAgent(url, agentId, 'claude', headers),
    jumpClock() {
      throw new Error('The clock of another process cannot jump.');
    },
    failStore() {
      throw new Error('The store of another process cannot be made to fail.');
    },
    now: () => Date.now(),
    epochStart: epochTime,
    async stop() {
      await Promise.all(nodes.map((hub) => hub.shutDown()));
      return readPostgresRows(`postgres://postgres@127.0.0.1:${server.port}/${name}`);
    },
    async dispose() {
      await owned.disposeAsync();
      await server.removeDatabase(name);
    },
    errors: () => nodes.flatMap((hub) => hub.errors()),
    log: () => nodes.map(({ node, log }) => `=== ${node}\n${log()}`).join('\n'),
  };
}

function firstOf(nodes: readonly HubNode[]): HubNode {
  const [first] = nodes;
  if (!first) throw new Error('There are no hubs.');
  return first;
}

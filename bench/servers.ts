// Starts the servers under load, each with a load generator that is connected to it: a hub, or one of its peers.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addUser } from '../test/support/accounts.ts';
import { addAgent, signInToApi, startHubBinary } from '../test/support/binary.ts';
import { startProcess } from '../test/support/processes.ts';
import { startLoad } from './load/load.ts';
import type { Context } from './scenario.ts';

/** The peers as `make bench` installs them. */
const INSTALLED = join(import.meta.dir, '..', '.cache', 'bench');
const MAX_DASHBOARDS = 10_000;
const MAX_AGENTS = 1_000;
/** The hub limits how often dashboards of one user connect. */
const READERS_PER_USER = 400;

export interface Peer {
  name: string;
  file: string;
  runtime: 'bun' | 'node';
  protocol: 'publish' | 'socket-io';
}

export const rawPublish: Peer = {
  name: 'Bun publish',
  file: join(import.meta.dir, 'peers', 'publish.ts'),
  runtime: 'bun',
  protocol: 'publish',
};

const installed = (name: string): string => join(INSTALLED, name);

export const peers: readonly Peer[] = (['bun', 'node'] as const).flatMap((runtime): Peer[] => {
  const on = runtime === 'bun' ? 'on Bun' : 'on Node';
  return [
    { name: `ws ${on}`, file: installed('ws.mjs'), runtime, protocol: 'publish' },
    { name: `Socket.IO ${on}`, file: installed('socket-io.mjs'), runtime, protocol: 'socket-io' },
  ];
});

/** Whether a peer can run here. */
export function canRun({ file, runtime }: Peer): boolean {
  return existsSync(file) && (runtime === 'bun' || Bun.which('node') !== null);
}

export interface LoadSize {
  readers: number;
  sources: number;
}

export type Server = Awaited<ReturnType<typeof startHub>>;

/** Starts a hub with dashboards and scripted agents. */
export async function startHub(
  context: Context,
  { readers, sources }: LoadSize,
  { flags = [], env = {} }: { flags?: string[]; env?: Record<string, string> } = {},
) {
  const limits = ['--max-dashboards', String(MAX_DASHBOARDS), '--max-agents', String(MAX_AGENTS)];
  const folder = join(context.folder, Bun.randomUUIDv7());
  const hub = await startHubBinary(folder, [...limits, ...flags], env);
  context.defer(() => stopProcess(hub));
  const headers = await signInToApi(hub.url);
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';
  const agents: { agentId: string; token: string }[] = [];
  while (agents.length < sources) {
    const agentId = `agent-${agents.length}`;
    agents.push({ agentId, token: await addAgent(hub.url, agentId, 'claude', headers) });
  }
  const { url, pid } = hub;
  const readerTokens = [token];
  while (readerTokens.length * READERS_PER_USER < readers) {
    const username = `reader-${readerTokens.length}`;
    readerTokens.push(await addUser(url, headers, username, 'viewer'));
  }
  const load = await startLoad({
    protocol: 'signalbox',
    url,
    serverPid: pid,
    token,
    readers,
    readerTokens,
    agents,
  });
  context.defer(load.stop);
  return { pid, url, headers, load };
}

/** Starts a peer with readers and sources. */
export async function startPeer(
  context: Context,
  { file, runtime, protocol }: Peer,
  { readers, sources }: LoadSize,
): Promise<Pick<Server, 'pid' | 'load'>> {
  const peer = startProcess([runtime === 'bun' ? process.execPath : 'node', file]);
  context.defer(() => stopProcess(peer));
  const [, url = ''] = await peer.waitForOutput(/ready at (\S+)/);
  const load = await startLoad({ protocol, url, serverPid: peer.pid, readers, sources });
  context.defer(load.stop);
  return { pid: peer.pid, load };
}

async function stopProcess({
  kill,
  exited,
}: Pick<ReturnType<typeof startProcess>, 'kill' | 'exited'>): Promise<void> {
  kill('SIGTERM');
  await exited;
}

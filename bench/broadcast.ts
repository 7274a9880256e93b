// Measures the broadcast of one agent's output to 50 dashboards: compared with Bun's publish of the same frames in the
// same run, and with one of the dashboards stalled.
import { join } from 'node:path';
import type { AgentToHub } from '../src/protocol/agent-to-hub.ts';
import { encode } from '../src/protocol/codec.ts';
import type { DashboardToHub } from '../src/protocol/dashboard-to-hub.ts';
import type { HubToDashboard } from '../src/protocol/hub-to-dashboard.ts';
import { CHUNK_BYTES } from '../src/protocol/limits.ts';
import type { Unversioned } from '../src/protocol/message.ts';
import { addAgent, signInToApi, startHubBinary } from '../test/support/binary.ts';
import { openManualSocket } from '../test/support/hub/manual-socket.ts';
import { startProcess } from '../test/support/processes.ts';
import { createTemporaryFolder } from '../test/support/temporary-folder.ts';
import { flood, type FloodResult } from './flood.ts';

const DASHBOARDS = 50;
/** 30 MB of output. */
const CHUNKS = 3_000;
const WARM_UP_CHUNKS = 300;
const ROUNDS = 3;
const data = 'x'.repeat(CHUNK_BYTES);

/** Floods the readers with this number of chunks. */
type RunFlood = (chunks: number) => Promise<FloodResult>;

function openSocket(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('error', () => reject(new Error(`Cannot connect to ${url}.`)));
  });
}

/** Resolves with the next message of a type. */
function waitFor(socket: WebSocket, type: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const onMessage = ({ data: frame }: MessageEvent<unknown>) => {
      const message = JSON.parse(String(frame)) as Record<string, unknown>;
      if (message['type'] !== type) return;
      socket.removeEventListener('message', onMessage);
      resolve(message);
    };
    socket.addEventListener('message', onMessage);
  });
}

const encodeConnect = (token: string) =>
  encode<DashboardToHub>({
    type: 'dashboard:connect',
    token,
    clientInfo: { userAgent: 'bench', timezone: 'UTC' },
  });

async function openDashboard(url: string, token: string): Promise<WebSocket> {
  const socket = await openSocket(`${url}/ws/dashboard`);
  const welcome = waitFor(socket, 'dashboard:welcome');
  socket.send(encodeConnect(token));
  await welcome;
  return socket;
}

/** Opens a dashboard that stops reading after the welcome. */
async function openStalledDashboard(url: string, token: string): Promise<void> {
  const { promise: welcome, resolve } = Promise.withResolvers<void>();
  const socket = await openManualSocket(`${url}/ws/dashboard`, {
    onFrame: () => resolve(),
    onClose() {},
  });
  socket.sendFrame(encodeConnect(token));
  await welcome;
  socket.pause();
}

/** Prepares a flood through the hub: agent, terminal buffer, SQLite and dashboards, one of which may be stalled. */
async function prepareHubFlood(
  url: string,
  { hasStalledDashboard }: { hasStalledDashboard: boolean },
): Promise<RunFlood> {
  const token = (await signInToApi(url))['authorization']?.slice('Bearer '.length) ?? '';
  if (hasStalledDashboard) await openStalledDashboard(url, token);
  const count = hasStalledDashboard ? DASHBOARDS - 1 : DASHBOARDS;
  const readers = await Promise.all(Array.from({ length: count }, () => openDashboard(url, token)));
  const agent = await openSocket(`${url}/ws/agent`);
  const send = (message: Unversioned<AgentToHub>) => agent.send(encode<AgentToHub>(message));
  const welcome = waitFor(agent, 'agent:welcome');
  send({
    type: 'agent:connect',
    agentId: 'bench',
    agentType: 'claude',
    token: await addAgent(url, 'bench'),
    capabilities: ['shell'],
    instanceId: crypto.randomUUID(),
  });
  await welcome;
  return async (chunks) => {
    const execute = waitFor(agent, 'command:execute');
    readers[0]?.send(
      encode<DashboardToHub>({
        type: 'command:request',
        agentId: 'bench',
        command: '!flood',
        priority: 'normal',
      }),
    );
    const commandId = String((await execute)['commandId']);
    send({ type: 'command:started', commandId });
    const result = await flood({
      readers,
      chunks,
      chunkBytes: CHUNK_BYTES,
      send: (sequence) =>
        send({ type: 'terminal:output', commandId, data, stream: 'stdout', sequence }),
    });
    const lastSequence = chunks - 1;
    const acknowledged = waitFor(agent, 'command:acknowledged');
    send({ type: 'command:finished', commandId, outcome: 'completed', exitCode: 0, lastSequence });
    await acknowledged;
    return result;
  };
}

/** Prepares a flood of the same frames through Bun's publish alone. */
async function prepareRawFlood(url: string): Promise<RunFlood> {
  const readers = await Promise.all(Array.from({ length: DASHBOARDS }, () => openSocket(url)));
  for (const reader of readers) reader.send('subscribe');
  const sender = await openSocket(url);
  const commandId = crypto.randomUUID();
  const send = (sequence: number) =>
    sender.send(
      encode<HubToDashboard>({
        type: 'terminal:output',
        commandId,
        data,
        stream: 'stdout',
        sequence,
      }),
    );
  return (chunks) => flood({ readers, chunks, chunkBytes: CHUNK_BYTES, send });
}

function median(results: readonly FloodResult[], figure: keyof FloodResult): number {
  const sorted = results.map((result) => result[figure]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const folder = createTemporaryFolder();
const hub = await startHubBinary(join(folder.path, 'hub'));
const hubWithStalled = await startHubBinary(join(folder.path, 'hub-with-stalled'));
const raw = startProcess([process.execPath, join(import.meta.dir, 'raw-publish.ts')]);
const [, rawUrl = ''] = await raw.waitForOutput(/ready at (\S+)/);

const floodHub = await prepareHubFlood(hub.url, { hasStalledDashboard: false });
const floodHubWithStalled = await prepareHubFlood(hubWithStalled.url, {
  hasStalledDashboard: true,
});
const floodRaw = await prepareRawFlood(rawUrl);
await floodHub(WARM_UP_CHUNKS);
await floodRaw(WARM_UP_CHUNKS);
await floodHubWithStalled(WARM_UP_CHUNKS);
const hubResults: FloodResult[] = [];
const rawResults: FloodResult[] = [];
const stalledResults: FloodResult[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  hubResults.push(await floodHub(CHUNKS));
  rawResults.push(await floodRaw(CHUNKS));
  stalledResults.push(await floodHubWithStalled(CHUNKS));
}

const rows = (['megabytesPerSecond', 'p50', 'p99'] as const).map((figure) => {
  const ofHub = median(hubResults, figure);
  const ofRaw = median(rawResults, figure);
  const ofStalled = median(stalledResults, figure);
  return {
    '': { megabytesPerSecond: 'MB/s delivered', p50: 'p50 ms', p99: 'p99 ms' }[figure],
    signalbox: ofHub.toFixed(1),
    'raw publish': ofRaw.toFixed(1),
    ratio: (ofHub / ofRaw).toFixed(2),
    'one stalled': ofStalled.toFixed(1),
    'ratio to no stall': (ofStalled / ofHub).toFixed(2),
  };
});
process.stdout.write(
  `${DASHBOARDS} dashboards, one agent, ${CHUNKS} chunks of ${CHUNK_BYTES} bytes, median of ${ROUNDS} rounds\n`,
);
console.table(rows);

for (const running of [hub, hubWithStalled, raw]) {
  running.kill('SIGTERM');
  await running.exited;
}
folder.remove();
process.exit();

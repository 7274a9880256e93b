// What fifty dashboards get of one agent that floods, beside raw Bun publish of the same frames in the same run;
// and what 49 get while the fiftieth does not read at all.
import { join } from 'node:path';
import { encode } from '../src/protocol/codec.ts';
import type { AgentToHub } from '../src/protocol/agent-to-hub.ts';
import type { DashboardToHub } from '../src/protocol/dashboard-to-hub.ts';
import type { HubToDashboard } from '../src/protocol/hub-to-dashboard.ts';
import { CHUNK_BYTES } from '../src/protocol/limits.ts';
import type { Unversioned } from '../src/protocol/message.ts';
import { addAgent, signInToApi, startHubBinary } from '../test/support/binary.ts';
import { type ManualSocket, openManualSocket } from '../test/support/hub/manual-socket.ts';
import { startProcess } from '../test/support/processes.ts';
import { createTemporaryFolder } from '../test/support/temporary-folder.ts';
import { type Figures, flood } from './flood.ts';

const DASHBOARDS = 50;
/** 30 MB of output. */
const CHUNKS = 3_000;
const WARM_UP = 300;
const ROUNDS = 3;
const data = 'x'.repeat(CHUNK_BYTES);

function open(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('error', () => reject(new Error(`${url} cannot be reached`)));
  });
}

/** The next message of a type. */
function next(socket: WebSocket, type: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const receive = ({ data: frame }: MessageEvent<unknown>) => {
      const message = JSON.parse(String(frame)) as Record<string, unknown>;
      if (message['type'] !== type) return;
      socket.removeEventListener('message', receive);
      resolve(message);
    };
    socket.addEventListener('message', receive);
  });
}

async function openDashboard(url: string, token: string): Promise<WebSocket> {
  const socket = await open(`${url}/ws/dashboard`);
  const welcome = next(socket, 'dashboard:welcome');
  const clientInfo = { userAgent: 'bench', timezone: 'UTC' };
  socket.send(encode<DashboardToHub>({ type: 'dashboard:connect', token, clientInfo }));
  await welcome;
  return socket;
}

/** A dashboard that says hello, and then reads nothing. */
async function openStalled(url: string, token: string): Promise<ManualSocket> {
  const { promise: welcomed, resolve } = Promise.withResolvers<void>();
  const wire = await openManualSocket(`${url}/ws/dashboard`, {
    onFrame: () => resolve(),
    onClose() {},
  });
  const clientInfo = { userAgent: 'bench', timezone: 'UTC' };
  wire.sendFrame(encode<DashboardToHub>({ type: 'dashboard:connect', token, clientInfo }));
  await welcomed;
  wire.pause();
  return wire;
}

/** A flood through the hub: agent, terminal buffer, SQLite, dashboards; perhaps one that does not read. */
async function throughHub(
  url: string,
  { stalled }: { stalled: boolean },
): Promise<(chunks: number) => Promise<Figures>> {
  const token = (await signInToApi(url))['authorization']?.slice('Bearer '.length) ?? '';
  if (stalled) await openStalled(url, token);
  const readers = await Promise.all(
    Array.from({ length: stalled ? DASHBOARDS - 1 : DASHBOARDS }, () => openDashboard(url, token)),
  );
  const agent = await open(`${url}/ws/agent`);
  const tell = (body: Unversioned<AgentToHub>) => agent.send(encode<AgentToHub>(body));
  const welcome = next(agent, 'agent:welcome');
  tell({
    type: 'agent:connect',
    agentId: 'bench',
    agentType: 'claude',
    token: await addAgent(url, 'bench'),
    capabilities: ['shell'],
    instanceId: crypto.randomUUID(),
  });
  await welcome;
  return async (chunks) => {
    const execute = next(agent, 'command:execute');
    readers[0]?.send(
      encode<DashboardToHub>({
        type: 'command:request',
        agentId: 'bench',
        command: '!flood',
        priority: 'normal',
      }),
    );
    const commandId = String((await execute)['commandId']);
    tell({ type: 'command:started', commandId });
    const figures = await flood({
      readers,
      chunks,
      bytes: CHUNK_BYTES,
      send: (sequence) =>
        tell({ type: 'terminal:output', commandId, data, stream: 'stdout', sequence }),
    });
    const lastSequence = chunks - 1;
    const acknowledged = next(agent, 'command:acknowledged');
    tell({ type: 'command:finished', commandId, outcome: 'completed', exitCode: 0, lastSequence });
    await acknowledged;
    return figures;
  };
}

/** The same frames through raw publish. */
async function throughPublish(url: string): Promise<(chunks: number) => Promise<Figures>> {
  const readers = await Promise.all(Array.from({ length: DASHBOARDS }, () => open(url)));
  for (const reader of readers) reader.send('listen');
  const sender = await open(url);
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
  return (chunks) => flood({ readers, chunks, bytes: CHUNK_BYTES, send });
}

function median(rounds: readonly Figures[], figure: keyof Figures): number {
  const sorted = rounds.map((round) => round[figure]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const folder = createTemporaryFolder();
const hub = await startHubBinary(join(folder.path, 'all'));
const hubWithStalled = await startHubBinary(join(folder.path, 'stalled'));
const raw = startProcess([process.execPath, join(import.meta.dir, 'raw-publish.ts')]);
const [, rawUrl = ''] = await raw.waitForOutput(/ready at (\S+)/);

const overHub = await throughHub(hub.url, { stalled: false });
const overStalled = await throughHub(hubWithStalled.url, { stalled: true });
const overPublish = await throughPublish(rawUrl);
await overHub(WARM_UP);
await overPublish(WARM_UP);
await overStalled(WARM_UP);
const stalledRounds: Figures[] = [];
const hubRounds: Figures[] = [];
const rawRounds: Figures[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  hubRounds.push(await overHub(CHUNKS));
  rawRounds.push(await overPublish(CHUNKS));
  stalledRounds.push(await overStalled(CHUNKS));
}

const rows = (['megabytesPerSecond', 'p50', 'p99'] as const).map((figure) => {
  const [mine, limit] = [median(hubRounds, figure), median(rawRounds, figure)];
  const beside = median(stalledRounds, figure);
  return {
    '': { megabytesPerSecond: 'MB/s delivered', p50: 'p50 ms', p99: 'p99 ms' }[figure],
    signalbox: mine.toFixed(1),
    'raw publish': limit.toFixed(1),
    ratio: (mine / limit).toFixed(2),
    'one stalled': beside.toFixed(1),
    'ratio to none stalled': (beside / mine).toFixed(2),
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

// An attacker holds as many silent sockets as the compiled hub allows, and reopens those that it closes.
import { expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { encode } from '../../src/protocol/codec.ts';
import type { DashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { openSocket } from '../../src/protocol/open-socket.ts';
import { signInToApi, startAgentBinary, startHubBinary } from '../support/binary.ts';
import { expectNotSlower, startLatencyProbe } from '../support/latency.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const SOCKETS = 150;
const REOPEN_MS = 100;

const UPGRADE = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Opens silent sockets and keeps their number constant. Resolves once all have been accepted. */
async function holdSilentSockets(url: string) {
  const { host, hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isStopped = false;
  let reopened = 0;

  function open(path: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect(Number(port), hostname);
    sockets.add(socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${UPGRADE.join('\r\n')}\r\n\r\n`);
    socket.on('data', () => resolve());
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      reopened += 1;
      // Not faster, because the test shares the machine with the hub.
      setTimeout(() => void (isStopped || open(path)), REOPEN_MS);
    });
    return promise;
  }

  const paths = Array.from({ length: SOCKETS }, (_, i) => (i % 2 ? '/ws/agent' : '/ws/dashboard'));
  await Promise.all(paths.map(open));
  return {
    reopened: () => reopened,
    stop() {
      isStopped = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Connects a dashboard whose upgrade request has credentials, as those of browsers have. */
async function connectDashboard(url: string, token: string): Promise<void> {
  const socket = openSocket(`${url.replace('http', 'ws')}/ws/dashboard`, token);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.addEventListener('open', () => {
    const clientInfo = { userAgent: 'test', timezone: 'UTC' };
    socket.send(encode<DashboardToHub>({ type: 'dashboard:connect', token, clientInfo }));
  });
  socket.addEventListener('message', ({ data }) => resolve(String(data)));
  socket.addEventListener('close', ({ code, reason }) => {
    reject(new Error(`closed with ${code} ${reason}`));
  });
  expect(await promise).toContain('dashboard:welcome');
  socket.close();
}

test('silent sockets: agents and dashboards still connect, as fast as before', async () => {
  const folder = createTemporaryFolder();
  const hub = await startHubBinary(join(folder.path, 'data'));
  const headers = await signInToApi(hub.url);
  const token = headers['authorization']?.slice('Bearer '.length) ?? '';
  /** Connects dashboards, and returns how long each took. */
  async function measureConnects() {
    const durations = [];
    for (let i = 0; i < 20; i++) {
      const startedAt = performance.now();
      await connectDashboard(hub.url, token);
      durations.push(performance.now() - startedAt);
    }
    return durations;
  }

  const idle = await measureConnects();
  const probe = await startLatencyProbe(hub.url, headers);
  const attack = await holdSilentSockets(hub.url);
  try {
    const agent = await startAgentBinary(hub.url, 'a1', folder.path);
    const attacked = await probe.expectNoDelay(measureConnects);
    expectNotSlower(idle, attacked);
    expect(attack.reopened()).toBeGreaterThan(0);
    agent.kill('SIGTERM');
    await agent.exited;
  } finally {
    attack.stop();
    await probe.stop();
    hub.kill('SIGTERM');
    await hub.exited;
    folder.remove();
  }
}, 120_000);

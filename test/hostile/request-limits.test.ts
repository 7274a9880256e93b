// An attacker occupies the connections of the compiled hub, which may open few files, and others must still be answered.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { ANONYMOUS_BODY_TIMEOUT_S, MAX_UNFINISHED_BODIES } from '../../src/protocol/limits.ts';
import { buildBinary, PASSWORD, signInToApi } from '../support/binary.ts';
import { openRaw } from '../support/raw-http.ts';
import { type RunningProcess, startProcess } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const MAX_FILES = 2_048;
const ATTACKERS = 2_300;
const CRLF = '\r\n';

const folder = createTemporaryFolder();
let hub: RunningProcess;
let url: string;
beforeAll(async () => {
  const serve = `ulimit -n ${MAX_FILES}; exec "$0" serve --port 0 --data "$1"`;
  const command = ['sh', '-c', serve, buildBinary(), join(folder.path, 'data')];
  hub = startProcess(command, { SIGNALBOX_ADMIN_PASSWORD: PASSWORD });
  [, url = ''] = await hub.waitForOutput(/Signalbox is ready at (\S+)/);
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

/** The beginning of a request with a body, whose rest is never sent. */
function createSlowBody(path: string, headers: string[] = []): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'Content-Length: 30000',
    ...headers,
  ];
  return `${lines.join(CRLF)}${CRLF}${CRLF}{`;
}

/** Sends many slow bodies. Resolves with the responses once only those that the hub allows are left. */
async function floodWith(text: string, count: number) {
  const requests = Array.from({ length: count }, () => openRaw(url, text));
  const responses: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const { closed } of requests) {
    void closed.then((response) => {
      responses.push(response);
      if (responses.length === count - MAX_UNFINISHED_BODIES) resolve();
    });
  }
  await promise;
  return { responses: [...responses], requests };
}

test('slow bodies without a session: those above the limit are rejected, and others are answered', async () => {
  const { responses, requests } = await floodWith(createSlowBody('/api/v1/session'), ATTACKERS);
  expect(new Set(responses.map((response) => response.slice(9, 12)))).toEqual(new Set(['429']));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const startedAt = performance.now();
  const rest = await Promise.all(requests.map(({ closed }) => closed));
  // Bun's timers are exact to 4 s.
  expect(performance.now() - startedAt).toBeLessThan((ANONYMOUS_BODY_TIMEOUT_S + 8) * 1_000);
  expect(rest.filter((response) => response === '')).toHaveLength(MAX_UNFINISHED_BODIES);
  expect(hub.output().match(/Rejected requests above a limit/g)!.length).toBeLessThan(10);
}, 60_000);

test('slow bodies with a session: those above the limit are rejected, and other users are not affected', async () => {
  const headers = await signInToApi(url);
  const slow = createSlowBody('/api/v1/agents', [`Authorization: ${headers['authorization']}`]);
  const { responses, requests } = await floodWith(slow, 2 * MAX_UNFINISHED_BODIES);
  expect(new Set(responses.map((response) => response.slice(9, 12)))).toEqual(new Set(['429']));
  const response = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(response.status).toBe(400);
  for (const { socket } of requests) socket.destroy();
}, 60_000);

test('a request that is rejected before its body arrives does not keep its connection', async () => {
  for (const [path, status] of [
    ['/api/v1/agents', '401'],
    ['/agents', '303'],
    ['/unknown', '303'],
  ] as const) {
    const response = await openRaw(url, createSlowBody(path)).closed;
    expect([path, response.slice(9, 12)]).toEqual([path, status]);
  }
});

test('a head that never ends is dropped', async () => {
  expect(await openRaw(url, `GET / HTTP/1.1${CRLF}Host: 127.0.0.1${CRLF}X: a`).closed).not.toMatch(
    /^HTTP\/1.1 2/,
  );
}, 60_000);

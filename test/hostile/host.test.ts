// Requests that reach the compiled hub under a name that is not its own, or under none.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { startHubBinary } from '../support/binary.ts';
import { sendRaw } from '../support/raw-http.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let openHub: typeof hub;
beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  openHub = await startHubBinary(join(folder.path, 'open'), ['--host', '0.0.0.0', '--insecure']);
});
afterAll(async () => {
  for (const running of [hub, openHub]) {
    running.kill('SIGTERM');
    await running.exited;
  }
  folder.remove();
});

const PATHS = ['/', '/login', '/healthz', '/api/v1/agents', '/ws/agent', '/ws/dashboard'];
const REBINDING = 'DNS rebinding';
const MALFORMED = 'an error page with source code';

const rejected: [threat: string, host: string, headers: string, status: number][] = [
  [REBINDING, 'another site', 'Host: evil.example', 421],
  [REBINDING, 'another site with the port', 'Host: evil.example:7420', 421],
  [REBINDING, 'a subdomain of another site', 'Host: localhost.evil.example', 421],
  [REBINDING, 'a name for a loopback address', 'Host: 127.0.0.1.nip.io', 421],
  [REBINDING, 'an absolute name', 'Host: evil.example.', 421],
  [REBINDING, 'another address', 'Host: 192.0.2.1', 421],
  [MALFORMED, 'an open bracket', 'Host: [', 400],
  [MALFORMED, 'an empty Host', 'Host:', 400],
  [MALFORMED, 'two Hosts', 'Host: 127.0.0.1\r\nHost: evil.example', 400],
  [MALFORMED, 'a Host with a space', 'Host: 127.0.0.1 evil.example', 400],
  [MALFORMED, 'a Host with a user', 'Host: evil.example@127.0.0.1', 400],
  [MALFORMED, 'a Host with a path', 'Host: 127.0.0.1/evil.example', 400],
  [MALFORMED, 'a Host with a wrong port', 'Host: 127.0.0.1:99999', 400],
];

/** Fails if a response shows how the hub is built. */
function expectNoInternals(text: string) {
  expect(text).not.toMatch(/node_modules|\/src\/|\.tsx?\b|at \w+ \(|<script|bun/i);
}

describe.each(rejected)('%s: %s', (_threat, _host, headers, status) => {
  test.each(PATHS)('%s', async (path) => {
    const response = await sendRaw(hub.url, `GET ${path} HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect(response.status).toBe(status);
    expectNoInternals(response.body);
  });
});

test.each(PATHS)(`${MALFORMED}: HTTP/1.0 without a Host: %s`, async (path) => {
  const response = await sendRaw(hub.url, `GET ${path} HTTP/1.0\r\n\r\n`);
  expect(response.status).toBe(400);
  expectNoInternals(response.body);
});

test(`${MALFORMED}: a page of Bun's development mode`, async () => {
  const response = await fetch(`${hub.url}/bun:info`, { redirect: 'manual' });
  expect(response.status).toBe(303);
  expectNoInternals(await response.text());
});

test.each(['127.0.0.1', 'localhost', 'LOCALHOST:8080', '[::1]:80', '127.0.0.1:1'])(
  'the Host %s is allowed',
  async (host) => {
    const response = await sendRaw(hub.url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(response.status).toBe(200);
  },
);

test('a hub that listens on all addresses allows every address, but no name', async () => {
  const url = openHub.url.replace('0.0.0.0', '127.0.0.1');
  const requestAs = async (host: string) =>
    (await sendRaw(url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status;
  expect(await requestAs('192.0.2.1:7420')).toBe(200);
  expect(await requestAs('[2001:db8::1]')).toBe(200);
  expect(await requestAs('evil.example')).toBe(421);
});

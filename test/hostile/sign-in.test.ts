// Attacks on the sign-in of the compiled hub, while another user works.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { PASSWORD, startHubBinary } from '../support/binary.ts';
import { startLatencyProbe } from '../support/latency.ts';
import { useSharedHub } from '../support/shared-hub.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const MEGABYTE = 1_048_576;

const hub = useSharedHub();

const submit = (username: string, password: string) =>
  fetch(`${hub.url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username, password }),
  });

function readMemory(): number {
  const status = readFileSync(`/proc/${hub.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test('memory: names of almost a megabyte are rejected and not kept', async () => {
  const fill = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const response = await submit(`${i}${'x'.repeat(MEGABYTE - 100)}`, 'wrong');
      expect(response.status).toBe(413);
    }
  };
  await fill(40);
  const before = readMemory();
  const probe = await startLatencyProbe(hub.url, hub.admin);
  await probe.expectNoDelay(() => fill(240));
  await probe.stop();
  expect(readMemory() - before).toBeLessThan(80 * MEGABYTE);
}, 120_000);

test('processor: most of many sign-ins at once are rejected, and other requests are not delayed', async () => {
  const probe = await startLatencyProbe(hub.url, hub.admin);
  const responses = await probe.expectNoDelay(() =>
    Promise.all(Array.from({ length: 100 }, (_, index) => submit(`user-${index}`, 'wrong'))),
  );
  await probe.stop();
  const statuses = Map.groupBy(responses, ({ status }) => status);
  expect(new Set(statuses.keys())).toEqual(new Set([401, 429, 503]));
  expect(statuses.get(401)!.length).toBeLessThanOrEqual(30);
  for (const response of statuses.get(503)!) {
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.text()).toContain('Too many people are signing in.');
  }
}, 120_000);

test('lockout: wrong passwords from one address do not keep the user out at another one', async () => {
  const folder = createTemporaryFolder();
  const proxied = await startHubBinary(folder.path, ['--trusted-proxy', '127.0.0.1,::1']);
  const signIn = async (address: string, password: string) => {
    const response = await fetch(`${proxied.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ username: 'admin', password }),
    });
    return response.status;
  };
  const statuses = [];
  for (let i = 0; i < 10; i++) statuses.push(await signIn('192.0.2.1', 'wrong'));
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
  expect(statuses).toContain(429);
  expect(await signIn('192.0.2.2', PASSWORD)).toBe(200);
  proxied.kill('SIGTERM');
  await proxied.exited;
  folder.remove();
}, 60_000);

// Attacks on the sign-in of the compiled hub, while another user works.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signInToApi, startHubBinary } from '../support/binary.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const MEGABYTE = 1_048_576;

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let headers: Record<string, string>;
beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  headers = await signInToApi(hub.url);
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

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
  await fill(240);
  expect(readMemory() - before).toBeLessThan(80 * MEGABYTE);
}, 60_000);

test('processor: most of many sign-ins at once are rejected, and other requests are answered', async () => {
  const attempts = Array.from({ length: 100 }, (_, index) => submit(`user-${index}`, 'wrong'));
  let slowest = 0;
  for (let i = 0; i < 50; i++) {
    const startedAt = performance.now();
    expect((await fetch(`${hub.url}/api/v1/agents`, { headers })).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - startedAt);
  }
  const responses = await Promise.all(attempts);
  const statuses = Map.groupBy(responses, ({ status }) => status);
  expect(new Set(statuses.keys())).toEqual(new Set([401, 429, 503]));
  expect(statuses.get(401)!.length).toBeLessThanOrEqual(30);
  for (const response of statuses.get(503)!) {
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.text()).toContain('Too many people are signing in.');
  }
  expect(slowest).toBeLessThan(5_000);
}, 60_000);

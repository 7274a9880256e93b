// A hub that is stopped while it handles requests: it finishes them before it closes its database.
import { afterAll, expect, test } from 'bun:test';
import { signInToApi, startHubBinary } from '../support/binary.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const CLIENTS = 20;

const folder = createTemporaryFolder();
afterAll(folder.remove);

test.each([1, 2, 3])(
  'requests in progress do not fail (run %i)',
  async (run) => {
    const hub = await startHubBinary(`${folder.path}/${run}`);
    const headers = await signInToApi(hub.url);
    const statuses = new Set<number>();
    const { promise: responded, resolve: onResponse } = Promise.withResolvers<void>();
    /** Sends one request after the other until the hub is gone. */
    async function sendRequests(): Promise<void> {
      const response = await fetch(`${hub.url}/api/v1/commands?limit=200`, { headers });
      await response.arrayBuffer();
      statuses.add(response.status);
      onResponse();
      return sendRequests();
    }
    const clients = Array.from({ length: CLIENTS }, () => sendRequests().catch(() => undefined));
    await responded;
    hub.kill('SIGTERM');
    expect(await hub.exited).toBe(0);
    await Promise.all(clients);
    expect(hub.output()).not.toContain('Request failed');
    expect([...statuses].filter((status) => ![200, 503].includes(status))).toEqual([]);
  },
  30_000,
);

// An agent that sends as many approval requests, as long as they can be, while another user works.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { addAgent, signInToApi, startHubBinary } from '../support/binary.ts';
import { sendApprovalRequest } from '../support/hub/approvals.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const REQUESTS = 100;
/** Almost the size of a message. */
const DETAIL = `${'x'.repeat(99)}\n`.repeat(10_000);

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

test('latency: 100 requests of a megabyte, and the end of their command, do not delay others', async () => {
  const headers = await signInToApi(hub.url);
  const callApi = (path: string, init: RequestInit = {}) =>
    fetch(`${hub.url}/api/v1${path}`, { headers, ...init });
  const agent = await openAgent({ wsUrl: hub.url.replace('http', 'ws') });
  agent.sendConnect({ token: await addAgent(hub.url, 'agent', 'claude', headers) });
  await agent.waitFor('agent:welcome');
  const body = JSON.stringify({ agentId: 'agent', command: '!make' });
  const { commandId } = (await (await callApi('/commands', { method: 'POST', body })).json()) as {
    commandId: string;
  };
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);

  let slowest = 0;
  /** Makes requests as another user until `attack` has ended. */
  async function measureDuring(attack: Promise<unknown>) {
    while (Bun.peek.status(attack) === 'pending') {
      const startedAt = performance.now();
      expect((await callApi('/agents/agent')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - startedAt);
    }
    await attack;
  }

  async function sendRequests() {
    for (let i = 0; i < REQUESTS; i++) {
      sendApprovalRequest({ agent }, commandId, DETAIL);
      // The test shares the machine with the hub. The pong follows when the hub has handled the request.
      await agent.ping();
    }
  }

  async function finishCommand() {
    agent.sendFinished(commandId);
    await agent.waitForAcknowledged(commandId);
    await agent.waitUntil(
      () => agent.ofType('approval:resolved').length === REQUESTS,
      'the end of all requests',
    );
  }

  await measureDuring(sendRequests());
  const { items } = (await (await callApi('/approvals')).json()) as { items: unknown[] };
  expect(items).toHaveLength(REQUESTS);
  expect(JSON.stringify(items).length).toBeLessThan(1_200_000);
  await measureDuring(finishCommand());
  expect(slowest).toBeLessThan(5_000);
}, 60_000);

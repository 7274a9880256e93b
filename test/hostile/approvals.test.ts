// An agent that sends many approval requests, small or as long as they can be, while another user works.
import { expect, test } from 'bun:test';
import { MAX_PENDING_APPROVALS } from '../../src/protocol/limits.ts';
import { addAgent } from '../support/binary.ts';
import { sendApprovalRequest } from '../support/hub/approvals.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { startLatencyProbe } from '../support/latency.ts';
import { useSharedHub } from '../support/shared-hub.ts';

const MEGABYTE = 1_048_576;

const hub = useSharedHub();

const callApi = async <T>(path: string, init: RequestInit = {}) =>
  (await (await fetch(`${hub.url}/api/v1${path}`, { headers: hub.admin, ...init })).json()) as T;

test.each([
  ['8,000 small requests', 'small', 8_000, '-a\n+b'],
  ['200 requests of almost a megabyte', 'large', 200, `${'x'.repeat(99)}\n`.repeat(10_000)],
])(
  'latency: %s, and the end of their command, do not delay others',
  async (_name, agentId, requests, detail) => {
    const agent = await openAgent(hub);
    agent.sendConnect({ agentId, token: await addAgent(hub.url, agentId, 'claude', hub.admin) });
    await agent.waitFor('agent:welcome');
    const countResolved = () => agent.ofType('approval:resolved').length;

    async function runCommand() {
      const body = JSON.stringify({ agentId, command: '!make' });
      const init = { method: 'POST', body };
      const { commandId } = await callApi<{ commandId: string }>('/commands', init);
      await agent.waitForExecute(commandId);
      agent.sendStarted(commandId);
      const before = countResolved();
      for (let i = 0; i < requests; i++) {
        sendApprovalRequest({ agent }, commandId, detail);
        // The pong follows when the hub has handled the requests.
        if (i % Math.ceil(500_000 / detail.length) === 0) await agent.ping();
      }
      // The requests above the limit are cancelled at once.
      const cancelled = requests - MAX_PENDING_APPROVALS;
      await agent.waitUntil(() => countResolved() - before === cancelled, 'the rejected requests');
      // The others are listed once they are stored.
      let items: unknown[] = [];
      while (items.length < MAX_PENDING_APPROVALS) {
        ({ items } = await callApi<{ items: unknown[] }>('/approvals'));
      }
      agent.sendFinished(commandId);
      await agent.waitForAcknowledged(commandId);
      await agent.waitUntil(() => countResolved() - before === requests, 'the end of all requests');
      return items;
    }

    const probe = await startLatencyProbe(hub.url, hub.admin);
    const items = await probe.expectNoDelay(runCommand);
    await probe.stop();
    expect(items).toHaveLength(MAX_PENDING_APPROVALS);
    expect(JSON.stringify(items).length).toBeLessThan(1.2 * MEGABYTE);
    agent.close();
  },
  240_000,
);

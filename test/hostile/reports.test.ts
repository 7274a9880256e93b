// An agent that sends as many reports as it can, to the compiled hub.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { useSharedHub } from '../support/shared-hub.ts';

const ROUNDS = 200;
const REPORTS_PER_ROUND = 1_000;

const hub = useSharedHub();

/** The memory of the hub in MB. */
function readMemory(): number {
  const [, kilobytes] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

test('memory: 200,000 reports do not fill the memory, and do not delay the result', async () => {
  const agent = await hub.connectAgent();
  const commandId = await hub.sendCommand(agent, '!make');
  agent.sendStarted(commandId);

  async function sendReports(round: number) {
    for (let used = 0; used < REPORTS_PER_ROUND; used++) {
      const conversationId = `${round} ${'x'.repeat(200)}`;
      agent.send({ type: 'command:report', commandId, conversationId, usage: { used, size: 1 } });
    }
    // The pong follows when the hub has handled the reports.
    const startedAt = performance.now();
    await agent.ping();
    return performance.now() - startedAt;
  }

  // The first ones bring the hub to its working size.
  for (let round = 0; round < 20; round++) await sendReports(round);
  const memory = readMemory();
  let slowest = 0;
  for (let round = 0; round < ROUNDS; round++) {
    slowest = Math.max(slowest, await sendReports(round));
  }
  expect(readMemory() - memory).toBeLessThan(60);
  const startedAt = performance.now();
  agent.sendFinished(commandId);
  await agent.waitForAcknowledged(commandId);
  expect(performance.now() - startedAt).toBeLessThan(1_000 + 2 * slowest);
}, 120_000);

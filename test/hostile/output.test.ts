// An agent that sends output in the smallest possible chunks, to the compiled hub.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();

/** The processor time that the hub has used, in ticks of 10 ms. */
function readProcessorTime(): number {
  const [, values = ''] = readFileSync(`/proc/${hub.pid}/stat`, 'utf8').split(') ');
  const [user, system] = values.split(' ').slice(11, 13).map(Number);
  return (user ?? 0) + (system ?? 0);
}

test('processor: tiny chunks need time in proportion to their number', async () => {
  const agent = await hub.connectAgent();

  /** Returns the processor time for the output of one command. */
  async function sendChunks(count: number): Promise<number> {
    const commandId = await hub.sendCommand(agent, `!${count}`);
    agent.sendStarted(commandId);
    const before = readProcessorTime();
    // Chunks contain one stream only.
    for (let i = 0; i < count; i++) agent.sendOutput(commandId, 'x', i % 2 ? 'stderr' : 'stdout');
    await agent.waitForAck(commandId, count);
    const used = readProcessorTime() - before;
    agent.sendFinished(commandId);
    await agent.waitForAcknowledged(commandId);
    return used;
  }

  await sendChunks(5_000);
  const few = await sendChunks(15_000);
  const many = await sendChunks(60_000);
  expect(many).toBeLessThan(6 * few);
}, 60_000);

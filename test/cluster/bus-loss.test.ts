// The bus fails while several hubs work: NATS ends or is frozen, and works again. The hubs then find in the database what they
// tell each other otherwise.
import { expect, test } from 'bun:test';
import { type ClusterHub, startCluster } from '../support/cluster.ts';
import {
  connectAgentTo,
  connectDashboardTo,
  waitForAgent,
  waitForEnd,
  waitForReady,
} from '../support/cluster-clients.ts';

const LINES = 30;

const PROBLEM = 'The hub is not connected to the bus.';

/** Checks that a hub says that it should receive no requests because of the bus. */
async function expectProblem({ url }: ClusterHub) {
  const response = await fetch(`${url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ ready: false, reasons: [PROBLEM] });
}

test.each([
  ['is stopped', 'stop', 'start'],
  ['is frozen', 'freeze', 'thaw'],
] as const)(
  'NATS %s while a command prints, and works again',
  async (_, fail, recover) => {
    await using cluster = await startCluster({ hubs: 2, agents: 0, hasNats: true });
    const { nats, hubs } = cluster;
    const [owner, other] = hubs;
    if (!nats || !owner || !other) throw new Error('NATS or a hub is missing.');
    const agentId = 'printer';
    const agent = await connectAgentTo(cluster, owner, agentId);
    await waitForAgent(cluster, agentId, 'online', other);
    const reader = await connectDashboardTo(cluster, other);
    const printed: string[] = [];

    async function print(commandId: string) {
      for (let count = 0; count < LINES; count++) {
        const line = `line ${printed.length}\n`;
        printed.push(line);
        agent.sendOutput(commandId, line);
        await agent.ping();
      }
    }
    const readPrinted = (commandId: string) =>
      reader.waitForOutput(commandId, printed.at(-1) ?? '');

    const commandId = await reader.request('print', { agentId });
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    await print(commandId);
    await readPrinted(commandId);

    await Promise.all([nats[fail](), print(commandId)]);
    while ((await cluster.haproxy.listReady()).length > 0);
    for (const hub of hubs) await expectProblem(hub);
    await print(commandId);
    await readPrinted(commandId);
    const queued = await cluster.api<{ commandId: string }>(
      '/commands',
      { method: 'POST', body: JSON.stringify({ agentId, command: 'next' }) },
      owner.url,
    );
    await reader.waitForStatus(queued.commandId, 'queued');
    for (const hub of hubs) await expectProblem(hub);

    await Promise.all([nats[recover](), print(commandId)]);
    await waitForReady(cluster);
    await print(commandId);
    agent.sendFinished(commandId);
    await reader.waitForComplete(commandId);
    expect(reader.outputOf(commandId)).toBe(printed.join(''));
    const sequences = reader.sequencesOf(commandId);
    expect(sequences).toEqual(sequences.map((_value, index) => index));
    for (const hub of hubs) {
      expect(await waitForEnd(cluster, commandId, hub)).toMatchObject({ status: 'completed' });
    }
    // What is asked of another hub reaches it again.
    await agent.waitForExecute(queued.commandId);
    agent.run(queued.commandId);
    const last = await reader.request('last', { agentId });
    await agent.waitForExecute(last);
    agent.run(last);
    await reader.waitForStatus(last, 'completed');
    expect(agent.executedCommands()).toEqual(['print', 'next', 'last']);
    agent.terminate();
    reader.terminate();
  },
  120_000,
);

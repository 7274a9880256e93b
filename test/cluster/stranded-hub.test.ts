// A hub that cannot reach the database while the others can.
import { expect, test } from 'bun:test';
import { startCluster } from '../support/cluster.ts';
import {
  connectDashboardTo,
  requireOwner,
  waitForAgent,
  waitForEnd,
  waitForReady,
} from '../support/cluster-clients.ts';

test.each(['goDown', 'goSilent'] as const)(
  'its agents and dashboards connect to the others, and their commands go on: %s',
  async (fail) => {
    await using cluster = await startCluster({ agents: 1, hasNetworks: true });
    const agentId = 'agent-1';
    const owner = await requireOwner(cluster, agentId);
    const other = cluster.hubs.find((hub) => hub !== owner);
    if (!other) throw new Error('There is no other hub.');
    await waitForAgent(cluster, agentId, 'online', other);
    const here = await connectDashboardTo(cluster, owner);
    const there = await connectDashboardTo(cluster, other);
    const command = '!for i in $(seq 1 300); do echo line $i; sleep 0.1; done';
    const commandId = await there.request(command, { agentId });
    await there.waitForOutput(commandId, 'line 5\n');

    owner.network?.[fail]();
    expect(await here.closed).toMatchObject({ code: 1001, reason: 'moved' });
    await waitForAgent(cluster, agentId, 'busy', other);
    expect(await requireOwner(cluster, agentId)).not.toBe(owner);
    await there.waitForComplete(commandId);
    const text = Array.from({ length: 300 }, (_, index) => `line ${index + 1}\n`).join('');
    expect(there.outputOf(commandId)).toBe(text);
    expect(await waitForEnd(cluster, commandId, other)).toMatchObject({
      status: 'completed',
      exitCode: 0,
    });
    expect(owner.output()).toContain('This hub cannot renew its lease, but other hubs are ready.');

    owner.network?.comeUp();
    await waitForReady(cluster);
    const again = await connectDashboardTo(cluster, owner);
    const next = await again.request('!echo next', { agentId });
    await again.waitForStatus(next, 'completed');
    again.terminate();
    there.terminate();
  },
  120_000,
);

// The loss of a hub, with each bus: a crash, a hub that is frozen and comes back, and a planned stop. Nothing runs twice, and no
// output is lost.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCEPTS_RESET } from '../../src/protocol/dashboard-to-hub.ts';
import {
  type Cluster,
  type ClusterAgent,
  type ClusterHub,
  startCluster,
} from '../support/cluster.ts';
import {
  type ClusterDashboard,
  connectAgentTo,
  connectDashboardTo,
  endLease,
  requireOwner,
  revive,
  waitForAgent,
  waitForEnd,
  waitForReady,
} from '../support/cluster-clients.ts';
import { createHeldCommand } from '../support/hub/scripted-agent.ts';

let cluster: Cluster;

const agentAt = (index: number): ClusterAgent => {
  const agent = cluster.agents[index];
  if (!agent) throw new Error('There are fewer agents.');
  return agent;
};

/** The other hubs, in the order of their names. */
function othersThan(...hubs: readonly ClusterHub[]): [ClusterHub, ClusterHub] {
  const [first, second = first] = cluster.hubs.filter((hub) => !hubs.includes(hub));
  if (!first || !second) throw new Error('There are fewer hubs.');
  return [first, second];
}

let runCount = 0;

/** Requests a command that prints lines, and notes in a file what it has done; resolves when it has printed the third. */
async function startLines(agent: ClusterAgent, { url }: Pick<ClusterHub, 'url'>, count: number) {
  runCount += 1;
  const file = `run-${runCount}`;
  const loop = `for i in $(seq 1 ${count}); do echo line $i; echo $i >> ${file}; sleep 0.05; done`;
  const body = { agentId: agent.agentId, command: `!${loop}; exit 3` };
  const { commandId } = await cluster.api<{ commandId: string }>(
    '/commands',
    { method: 'POST', body: JSON.stringify(body) },
    url,
  );
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  return {
    commandId,
    text: numbers.map((number) => `line ${number}\n`).join(''),
    /** Checks that it has run once, and what all hubs say about it. */
    async expectEnd() {
      for (const hub of cluster.hubs) {
        const command = await waitForEnd(cluster, commandId, hub);
        expect(command).toMatchObject({ status: 'failed', exitCode: 3 });
      }
      const written = readFileSync(join(agent.folder, file), 'utf8');
      expect(written.trim().split('\n').map(Number)).toEqual(numbers);
    },
  };
}

/**
 * Connects a dashboard to a hub. NATS delivers output before it is committed, so that a dashboard has to begin again with a
 * command if the rest was lost with its owner.
 */
const connectTo = (hub: ClusterHub, terminals: 'all' | 'attached' = 'all') =>
  connectDashboardTo(cluster, hub, { terminals, accept: cluster.nats ? [ACCEPTS_RESET] : [] });

/** Checks that a dashboard shows the whole output of a command, each byte once and in order. */
async function expectOutput(dashboard: ClusterDashboard, commandId: string, text: string) {
  await dashboard.waitForComplete(commandId);
  const reset = dashboard.received.findLastIndex(
    (message) => message.type === 'terminal:reset' && message.commandId === commandId,
  );
  const shown = dashboard.received
    .slice(reset + 1)
    .filter((message) => message.type === 'terminal:output')
    .filter((message) => message.commandId === commandId);
  expect(shown.map(({ data }) => data).join('')).toBe(text);
  expect(shown.map(({ sequence }) => sequence)).toEqual(shown.map((_, index) => index));
}

/** A time without output, by `performance.now()`. */
interface Pause {
  from: number;
  to: number;
}

/** Returns the times between pieces of output until a command ends. */
async function listPauses(dashboard: ClusterDashboard, commandId: string): Promise<Pause[]> {
  const pauses: Pause[] = [];
  let last = performance.now();
  let length = dashboard.outputOf(commandId).length;
  const isComplete = () =>
    dashboard.ofType('terminal:complete').some((message) => message.commandId === commandId);
  await dashboard.waitUntil(() => {
    const now = dashboard.outputOf(commandId).length;
    if (now > length) {
      pauses.push({ from: last, to: performance.now() });
      last = performance.now();
      length = now;
    }
    return isComplete();
  }, 'the end of the output');
  return pauses;
}

/** Returns the longest one, in milliseconds. */
const longestOf = (pauses: readonly Pause[]) =>
  Math.max(0, ...pauses.map(({ from, to }) => to - from));

/** Waits until all hubs are ready and know that the agents are online. */
async function settle() {
  await waitForReady(cluster);
  for (const hub of cluster.hubs) {
    for (const { agentId } of cluster.agents) {
      await waitForAgent(cluster, agentId, 'online', hub);
    }
  }
}

describe.each(['PostgreSQL', 'NATS'] as const)('with the bus %s', (bus) => {
  beforeAll(async () => {
    cluster = await startCluster({ hasNats: bus === 'NATS' });
  }, 120_000);
  afterEach(() => {
    for (const hub of cluster.hubs) hub.thaw();
  });
  afterAll(() => cluster.stop());

  test('the owner crashes while a command prints', async () => {
    await settle();
    const agent = agentAt(0);
    const owner = await requireOwner(cluster, agent.agentId);
    const [other, third] = othersThan(owner);
    const watcher = await connectTo(other);
    const orphan = await connectTo(owner);
    const run = await startLines(agent, other, 100);
    const { commandId } = run;
    await watcher.waitForOutput(commandId, 'line 5\n');
    await orphan.waitForOutput(commandId, 'line 5\n');
    const pauses = listPauses(watcher, commandId);
    await owner.kill();
    await orphan.closed;
    const reconnected = await connectTo(third, 'attached');
    reconnected.send({ type: 'terminal:attach', commandId });
    await expectOutput(watcher, commandId, run.text);
    await expectOutput(reconnected, commandId, run.text);
    expect(longestOf(await pauses)).toBeLessThan(3_000);
    await revive(cluster, owner);
    await run.expectEnd();
    watcher.terminate();
    reconnected.terminate();
  }, 60_000);

  test('the hub of a dashboard crashes', async () => {
    await settle();
    const agent = agentAt(0);
    const owner = await requireOwner(cluster, agent.agentId);
    // The hubs of the agents go on.
    const [first, second] = othersThan(owner);
    const otherOwner = await requireOwner(cluster, agentAt(1).agentId);
    const lost = first === otherOwner ? second : first;
    const [, rest] = othersThan(lost);
    const before = await connectTo(lost);
    const run = await startLines(agent, lost, 40);
    await before.waitForOutput(run.commandId, 'line 5\n');
    const connects = agent.output().match(/connected to/g)?.length;
    await lost.kill();
    await before.closed;
    const after = await connectTo(rest, 'attached');
    after.send({ type: 'terminal:attach', commandId: run.commandId });
    await expectOutput(after, run.commandId, run.text);
    expect(agent.output().match(/connected to/g)?.length).toBe(connects);
    await revive(cluster, lost);
    await run.expectEnd();
    after.terminate();
  }, 60_000);

  test('the owner is frozen, and comes back after its agent has moved', async () => {
    await settle();
    const [frozen, other, third] = cluster.hubs;
    if (!frozen || !other || !third) throw new Error('There are fewer hubs.');
    const agentId = 'moved';
    const agent = await connectAgentTo(cluster, frozen, agentId);
    const watcher = await connectTo(other);
    const stale = await connectTo(frozen);
    for (const dashboard of [watcher, stale]) await dashboard.waitForAgentStatus('online', agentId);
    const commandId = await watcher.request('work', { agentId });
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    agent.sendOutput(commandId, 'a');
    await agent.waitForAck(commandId, 1);
    for (const dashboard of [watcher, stale]) await dashboard.waitForOutput(commandId, 'a');

    frozen.freeze();
    await endLease(cluster, frozen);
    // It is in the socket of the frozen hub, and is sent again to the next one.
    agent.sendOutput(commandId, 'b');
    const queued = await watcher.request('next', { agentId, ifOffline: 'queue' });
    const moved = await connectAgentTo(cluster, third, agentId, {
      token: agent.token,
      held: [createHeldCommand(commandId, { nextSequence: 2 })],
    });
    const { resume } = await moved.waitFor('agent:welcome');
    expect(resume).toMatchObject([{ commandId, nextSequence: 1 }]);
    moved.setNextSequence(commandId, 1);
    for (const data of ['b', 'c', 'd']) moved.sendOutput(commandId, data);
    moved.sendFinished(commandId);
    await expectOutput(watcher, commandId, 'abcd');
    await moved.waitForExecute(queued);
    moved.sendStarted(queued);

    frozen.thaw();
    await agent.closed;
    await waitForAgent(cluster, agentId, 'busy', frozen);
    expect(await waitForEnd(cluster, commandId, frozen)).toMatchObject({ status: 'completed' });
    const fresh = await connectTo(frozen, 'attached');
    fresh.send({ type: 'terminal:attach', commandId });
    await expectOutput(fresh, commandId, 'abcd');
    moved.sendOutput(queued, 'e');
    fresh.send({ type: 'terminal:attach', commandId: queued });
    await fresh.waitForOutput(queued, 'e');
    moved.sendFinished(queued);
    for (const hub of cluster.hubs) {
      expect(await waitForEnd(cluster, queued, hub)).toMatchObject({ status: 'completed' });
    }
    expect((await requireOwner(cluster, agentId)).node).toBe(third.node);
    expect(moved.ofType('command:execute').map(({ commandId: id }) => id)).toEqual([queued]);
    for (const one of [watcher, stale, fresh, moved]) one.terminate();
  }, 60_000);

  test('an idle agent moves while its owner is frozen', async () => {
    await settle();
    const [frozen, other] = cluster.hubs;
    if (!frozen || !other) throw new Error('There are fewer hubs.');
    const agentId = 'idle';
    const agent = await connectAgentTo(cluster, frozen, agentId);
    const stale = await connectTo(frozen);
    await stale.waitForAgentStatus('online', agentId);
    frozen.freeze();
    const moved = await connectAgentTo(cluster, other, agentId, { token: agent.token });
    frozen.thaw();
    await agent.closed;
    await waitForAgent(cluster, agentId, 'online', frozen);
    const commandId = await stale.request('work', { agentId });
    await moved.waitForExecute(commandId);
    moved.run(commandId, 'done');
    await expectOutput(stale, commandId, 'done');
    for (const one of [stale, moved]) one.terminate();
  }, 60_000);

  test.each(['dead', 'frozen'] as const)(
    'a command that is accepted while the owner is %s runs once',
    async (state) => {
      await settle();
      const [owner, other, third] = cluster.hubs;
      if (!owner || !other || !third) throw new Error('There are fewer hubs.');
      const agentId = `agent-of-${state}`;
      const agent = await connectAgentTo(cluster, owner, agentId);
      await waitForAgent(cluster, agentId, 'online', other);
      if (state === 'dead') await owner.kill();
      else owner.freeze();
      const body = { agentId, command: 'work', ifOffline: 'queue', requestId: crypto.randomUUID() };
      const request = { method: 'POST', body: JSON.stringify(body) };
      const first = await cluster.api<{ commandId: string }>('/commands', request, other.url);
      const moved = await connectAgentTo(cluster, third, agentId, { token: agent.token });
      await moved.waitForExecute(first.commandId);
      expect(await cluster.api('/commands', request, third.url)).toMatchObject(first);
      moved.run(first.commandId);
      if (state === 'dead') await revive(cluster, owner);
      else owner.thaw();
      for (const hub of cluster.hubs) {
        const command = await waitForEnd(cluster, first.commandId, hub);
        expect(command).toMatchObject({ status: 'completed', exitCode: 0 });
      }
      expect(moved.executedCommands()).toEqual(['work']);
      expect(agent.executedCommands()).toEqual([]);
      moved.terminate();
    },
    60_000,
  );

  test('a planned stop of the owner', async () => {
    await settle();
    const agent = agentAt(0);
    const owner = await requireOwner(cluster, agent.agentId);
    const [other] = othersThan(owner);
    const watcher = await connectTo(other);
    const run = await startLines(agent, other, 120);
    await watcher.waitForOutput(run.commandId, 'line 5\n');
    const listing = listPauses(watcher, run.commandId);
    const begunAt = performance.now();
    expect(await owner.stop()).toBe(0);
    const endedAt = performance.now();
    await expectOutput(watcher, run.commandId, run.text);
    const pauses = await listing;
    const isDuringStop = ({ from, to }: Pause) => from < endedAt && to > begunAt;
    const undisturbed = longestOf(pauses.filter((pause) => !isDuringStop(pause)));
    // The benchmark several-hubs-failover measures it against 250 ms. On a busy machine, output pauses without a stop, too.
    const limit = Math.max(500, 2 * undisturbed);
    expect(longestOf(pauses.filter(isDuringStop))).toBeLessThan(limit);
    await owner.start();
    await run.expectEnd();
    watcher.terminate();
  }, 60_000);

  test('all hubs are restarted one by one, under load', async () => {
    await settle();
    const over = new AbortController();
    /** A hub that stops closes its dashboards. */
    async function waitForEndAnywhere(commandId: string) {
      for (;;) {
        try {
          return await waitForEnd(cluster, commandId);
        } catch (error) {
          if (!String(error).includes('The socket of the dashboard was closed')) throw error;
        }
      }
    }
    /** Runs commands of an agent one after the other, through the load balancer. */
    async function load(agent: ClusterAgent) {
      const runs = [];
      while (!over.signal.aborted) {
        const run = await startLines(agent, cluster, 15);
        await waitForEndAnywhere(run.commandId);
        runs.push(run);
      }
      return runs;
    }
    const loads = cluster.agents.map(load);
    for (const hub of cluster.hubs) {
      await hub.restart();
      await waitForReady(cluster);
    }
    over.abort();
    for (const runs of await Promise.all(loads)) {
      expect(runs.length).toBeGreaterThan(1);
      for (const run of runs) {
        await run.expectEnd();
        const url = `${cluster.url}/api/v1/commands/${run.commandId}/output`;
        const response = await fetch(url, { headers: cluster.headers });
        expect(await response.text()).toBe(run.text);
      }
    }
  }, 90_000);
});

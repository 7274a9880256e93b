// Everything that users do with agents, on each of three hubs, with agents of each of them.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { QUEUE_LENGTH } from '../../src/protocol/limits.ts';
import { addAgent } from '../support/binary.ts';
import { type Cluster, type ClusterHub, startCluster } from '../support/cluster.ts';
import {
  type ClusterAgentScript,
  type ClusterDashboard,
  connectAgentTo,
  connectDashboardTo,
  findOwner,
  readUntil,
} from '../support/cluster-clients.ts';

const NODES = ['hub-1', 'hub-2', 'hub-3'];
const PAIRS = NODES.flatMap((here) => NODES.map((owner) => ({ here, owner })));

let cluster: Cluster;
let inputId = 0;
let agentCount = 0;
/** A dashboard of each hub, by its node. It receives everything. */
const dashboards = new Map<string, ClusterDashboard>();

beforeAll(async () => {
  cluster = await startCluster({ agents: 0 });
  for (const hub of cluster.hubs) dashboards.set(hub.node, await connectDashboardTo(cluster, hub));
}, 120_000);
afterAll(async () => {
  await cluster.stop();
});

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('There is none.');
  return value;
}

const dashboardOf = (node: string) => required(dashboards.get(node));
const hubOf = (node: string): ClusterHub => required(cluster.hubs.find((hub) => hub.node === node));

/** Calls the API of a hub. */
const call = <T>(node: string, method: string, path: string, body?: unknown) =>
  cluster.api<T>(
    path,
    { method, ...(body !== undefined && { body: JSON.stringify(body) }) },
    hubOf(node).url,
  );

/** Connects a new agent to a hub; resolves once all hubs have published that it is online. */
async function startAgent(node: string): Promise<ClusterAgentScript> {
  agentCount += 1;
  const agentId = `agent-${agentCount}-of-${node}`;
  const token = await addAgent(cluster.url, agentId, 'claude', cluster.headers);
  // Unknown agents are looked up, but not as many in a second as these tests add.
  await dashboardOf(node).waitForAgentStatus('offline', agentId);
  const agent = await connectAgentTo(cluster, hubOf(node), agentId, {
    token,
    capabilities: ['prompt', 'shell', 'files', 'pty'],
    accept: ['changes:revert'],
  });
  started.push(agent);
  for (const dashboard of dashboards.values()) {
    await dashboard.waitForAgentStatus('online', agentId);
  }
  return agent;
}

const started: ClusterAgentScript[] = [];

// A hub accepts only so many.
afterEach(() => {
  for (const { terminate } of started.splice(0)) terminate();
});

/** Requests a command on a hub; resolves once its agent has started it. */
async function startOn(here: string, agent: ClusterAgentScript, command = 'work') {
  const commandId = await dashboardOf(here).request(command, { agentId: agent.agentId });
  await agent.waitForExecute(commandId);
  agent.sendStarted(commandId);
  for (const dashboard of dashboards.values()) await dashboard.waitForStatus(commandId, 'running');
  return commandId;
}

/** Ends a command of an agent; resolves once all hubs have published that. */
async function finish(agent: ClusterAgentScript, commandId: string) {
  agent.sendFinished(commandId);
  for (const dashboard of dashboards.values()) {
    await dashboard.waitForStatus(commandId, 'completed');
  }
}

describe.each(PAIRS)('on $here, with an agent of $owner', ({ here, owner }) => {
  test('a command with its output, once and in order, on all hubs', async () => {
    const agent = await startAgent(owner);
    expect((await findOwner(cluster, agent.agentId))?.node).toBe(owner);
    const commandId = await startOn(here, agent);
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}\n`);
    for (const line of lines) {
      agent.sendOutput(commandId, line);
      await agent.ping();
    }
    agent.sendFinished(commandId);
    for (const dashboard of dashboards.values()) {
      await dashboard.waitForComplete(commandId);
      await dashboard.waitForStatus(commandId, 'completed');
      expect(dashboard.outputOf(commandId)).toBe(lines.join(''));
      const sequences = dashboard.sequencesOf(commandId);
      expect(sequences).toEqual(sequences.map((_, index) => index));
      // The status of a moment may be over before other hubs have read it.
      expect(dashboard.statusesOf(commandId).slice(-2)).toEqual(['running', 'completed']);
    }
  });

  test('output is sent while the command runs, also to a dashboard that attaches late', async () => {
    const agent = await startAgent(owner);
    const commandId = await startOn(here, agent);
    agent.sendOutput(commandId, 'early ');
    for (const dashboard of dashboards.values()) await dashboard.waitForOutput(commandId, 'early');
    const late = await connectDashboardTo(cluster, hubOf(here), { terminals: 'attached' });
    late.send({ type: 'terminal:attach', commandId });
    await late.waitForOutput(commandId, 'early');
    agent.sendOutput(commandId, 'live');
    await late.waitForOutput(commandId, 'live');
    const text = await fetch(`${hubOf(here).url}/api/v1/commands/${commandId}/output`, {
      headers: cluster.headers,
    });
    expect(await text.text()).toBe('early live');
    await finish(agent, commandId);
    await late.waitForComplete(commandId);
    expect(late.outputOf(commandId)).toBe('early live');
    late.terminate();
  });

  test('a repeated request is the same command', async () => {
    const agent = await startAgent(owner);
    const requestId = crypto.randomUUID();
    const body = { agentId: agent.agentId, command: 'once', requestId };
    const first = await call<{ commandId: string }>(here, 'POST', '/commands', body);
    for (const node of NODES) {
      const repeated = await call<{ commandId: string }>(node, 'POST', '/commands', body);
      expect(repeated.commandId).toBe(first.commandId);
      const other = { ...body, command: 'something else' };
      expect(await call(node, 'POST', '/commands', other)).toMatchObject({
        error: { code: 'request_id_reused' },
      });
      expect((await fetch(`${hubOf(node).url}/readyz`)).status).toBe(200);
    }
    await agent.waitForExecute(first.commandId);
    agent.sendStarted(first.commandId);
    await finish(agent, first.commandId);
    expect(agent.executedCommands()).toEqual(['once']);
  });

  test('an interrupt', async () => {
    const agent = await startAgent(owner);
    const commandId = await startOn(here, agent);
    expect(await call(here, 'POST', `/commands/${commandId}/interrupt`)).toMatchObject({
      status: 'running',
      stopReason: 'user',
    });
    await agent.waitFor('command:interrupt', (message) => message.commandId === commandId);
    agent.sendFinished(commandId, { outcome: 'interrupted', exitCode: null });
    for (const dashboard of dashboards.values()) {
      await dashboard.waitForStatus(commandId, 'interrupted');
    }
  });

  test('keys and the size of a terminal', async () => {
    const agent = await startAgent(owner);
    const dashboard = dashboardOf(here);
    const commandId = await startOn(here, agent, '!bash');
    const inputs = ['l', 's', '\r'];
    for (const data of inputs) {
      dashboard.send({ type: 'command:input', commandId, data, inputId: ++inputId });
    }
    const received = () =>
      agent.ofType('command:input').filter((message) => message.commandId === commandId);
    await agent.waitUntil(() => received().length === inputs.length, 'the keys');
    expect(received().map(({ data }) => data)).toEqual(inputs);
    const accepted = () =>
      dashboard.ofType('input:accepted').filter((message) => message.commandId === commandId);
    await dashboard.waitUntil(() => accepted().length === inputs.length, 'confirmations');

    const size = { cols: 90 + PAIRS.findIndex((pair) => pair.here === here), rows: 30 };
    dashboard.send({ type: 'terminal:resize', commandId, ...size });
    await agent.waitFor(
      'terminal:resize',
      (message) => message.commandId === commandId && message.cols === size.cols,
    );
    for (const [node, other] of dashboards) {
      const message = await other.waitFor(
        'terminal:size',
        (shape) => shape.commandId === commandId && shape.cols === size.cols,
      );
      expect(message).toMatchObject({ ...size, isOwner: node === here });
    }
    agent.sendOutput(commandId, 'drawn');
    for (const other of dashboards.values()) await other.waitForOutput(commandId, 'drawn');
    await finish(agent, commandId);
    const last = dashboard.ofType('terminal:size').filter((shape) => shape.commandId === commandId);
    expect(last.at(-1)).toMatchObject({ ...size, isOwner: true });
  });

  test('an approval request', async () => {
    const agent = await startAgent(owner);
    const commandId = await startOn(here, agent);
    const approvalId = crypto.randomUUID();
    agent.send({
      type: 'approval:request',
      approvalId,
      commandId,
      title: 'Edit a file?',
      detail: '-a\n+b',
      options: [
        { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ],
    });
    const isMine = (message: { approvalId: string }) => message.approvalId === approvalId;
    for (const dashboard of dashboards.values()) {
      await dashboard.waitFor('approval:request', isMine);
    }
    const { items } = await call<{ items: { approvalId: string }[] }>(here, 'GET', '/approvals');
    expect(items.map((item) => item.approvalId)).toEqual([approvalId]);
    const path = `/agents/${agent.agentId}`;
    await readUntil(
      dashboardOf(here),
      async () => (await call<AgentSummary>(here, 'GET', path)).waitingForApproval,
    );
    dashboardOf(here).send({ type: 'approval:respond', approvalId, optionId: 'yes' });
    const resolved = await agent.waitFor('approval:resolved', isMine);
    expect(resolved).toMatchObject({ outcome: 'selected', optionId: 'yes' });
    for (const dashboard of dashboards.values()) {
      await dashboard.waitFor('approval:resolved', isMine);
    }
    agent.send({ type: 'approval:applied', approvalId });
    for (const dashboard of dashboards.values()) {
      await dashboard.waitFor('approval:applied', isMine);
    }
    await finish(agent, commandId);
    expect(await call(here, 'GET', '/approvals')).toMatchObject({ items: [] });
  });

  test('the queue', async () => {
    const agent = await startAgent(owner);
    const running = await startOn(here, agent);
    const [first = '', second = '', third = ''] = await Promise.all(
      ['1', '2', '3'].map((command) =>
        dashboardOf(here).request(command, { agentId: agent.agentId }),
      ),
    );
    const listQueue = async (node: string) => {
      const path = `/agents/${agent.agentId}/queue`;
      const { items } = await call<{ items: CommandExecution[] }>(node, 'GET', path);
      return items.filter(({ id }) => id !== running).map(({ id }) => id);
    };
    const waitForQueue = async (expected: string[]) => {
      for (const node of NODES) {
        await readUntil(dashboardOf(node), async () =>
          Bun.deepEquals(await listQueue(node), expected),
        );
      }
    };
    await waitForQueue([first, second, third]);
    const moved = await call(here, 'PATCH', `/commands/${third}`, { before: first });
    expect(moved).toMatchObject({ commandId: third, position: 0 });
    await waitForQueue([third, first, second]);
    const changed = await call(here, 'PATCH', `/commands/${first}`, { command: 'changed' });
    expect(changed).toMatchObject({ commandId: first });
    expect(await call(here, 'PUT', `/commands/${second}/cancellation`)).toMatchObject({
      commandId: second,
    });
    expect(await call(here, 'DELETE', `/commands/${second}/cancellation`)).toMatchObject({
      commandId: second,
    });
    expect(await call(here, 'POST', `/commands/${third}/interrupt`)).toMatchObject({
      status: 'interrupted',
    });
    await waitForQueue([first, second]);
    await finish(agent, running);
    for (const commandId of [first, second]) {
      const { command } = await agent.waitForExecute(commandId);
      expect(command).toBe(commandId === first ? 'changed' : '2');
      agent.sendStarted(commandId);
      await finish(agent, commandId);
    }
  });

  test('pause and resume', async () => {
    const agent = await startAgent(owner);
    const path = `/agents/${agent.agentId}`;
    expect(await call(here, 'PUT', `${path}/pause`, { note: 'wait' })).toMatchObject({
      paused: { by: 'admin', note: 'wait' },
    });
    for (const node of NODES) {
      await readUntil(
        dashboardOf(node),
        async () => (await call<AgentSummary>(node, 'GET', path)).paused !== null,
      );
    }
    const commandId = await dashboardOf(here).request('later', { agentId: agent.agentId });
    await agent.ping();
    expect(await call(here, 'DELETE', `${path}/pause`)).toMatchObject({ paused: null });
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    await finish(agent, commandId);
    for (const node of NODES) {
      await readUntil(
        dashboardOf(node),
        async () => (await call<AgentSummary>(node, 'GET', path)).paused === null,
      );
    }
  });

  test('a search for files, and a reverted file', async () => {
    const agent = await startAgent(owner);
    const listing = call(here, 'GET', `/agents/${agent.agentId}/files?q=${here}`);
    const request = await agent.waitFor('files:list', ({ query }) => query === here);
    const { requestId } = request;
    agent.send({ type: 'files:listed', requestId, files: ['a.txt'], isTruncated: false });
    expect(await listing).toEqual({ items: ['a.txt'], isTruncated: false });

    const commandId = await startOn(here, agent);
    const file = { path: 'a.txt', kind: 'modified', added: 1, removed: 0 } as const;
    const files = [{ ...file, isBinary: false, isRevertible: true }];
    agent.send({ type: 'command:changes', commandId, files, omittedFiles: 0 });
    await finish(agent, commandId);
    const reverting = call(here, 'POST', `/commands/${commandId}/revert`, { path: 'a.txt' });
    const revert = await agent.waitFor('changes:revert', (one) => one.commandId === commandId);
    agent.send({ type: 'changes:reverted', requestId: revert.requestId });
    expect(await reverting).toEqual({ commandId, path: 'a.txt' });
    for (const node of NODES) {
      expect(await call(node, 'GET', `/commands/${commandId}/changes`)).toMatchObject({
        files: [{ path: 'a.txt', isReverted: true }],
      });
    }
  });

  test('history, and output that is deleted', async () => {
    const agent = await startAgent(owner);
    const commandId = await startOn(here, agent);
    agent.sendOutput(commandId, 'a secret');
    expect(await call(here, 'DELETE', `/commands/${commandId}/output`)).toMatchObject({
      error: { code: 'command_active' },
    });
    await finish(agent, commandId);
    const { items } = await call<{ items: CommandExecution[] }>(
      here,
      'GET',
      `/commands?agentId=${agent.agentId}&limit=1`,
    );
    expect(items[0]).toMatchObject({ id: commandId, status: 'completed', exitCode: 0 });
    expect(await call(here, 'DELETE', `/commands/${commandId}/output`)).toBeUndefined();
    for (const node of NODES) {
      const url = `${hubOf(node).url}/api/v1/commands/${commandId}/output`;
      const response = await fetch(url, { headers: cluster.headers });
      expect(await response.text()).not.toContain('a secret');
    }
  });
});

describe.each(NODES)('on %s', (here) => {
  test('an agent that is added, labelled and removed', async () => {
    const agent = await startAgent(NODES.find((node) => node !== here) ?? '');
    const { agentId } = agent;
    const path = `/agents/${agentId}`;
    expect(await call(here, 'PATCH', path, { labels: ['gpu'] })).toMatchObject({ labels: ['gpu'] });
    for (const node of NODES) {
      await readUntil(dashboardOf(node), async () => {
        const { labels } = await call<AgentSummary>(node, 'GET', path);
        return Bun.deepEquals(labels, ['gpu']);
      });
    }
    await call(here, 'DELETE', path);
    for (const dashboard of dashboards.values()) {
      await dashboard.waitFor('agent:removed', (message) => message.agentId === agentId);
    }
    expect(await agent.closed).toEqual({ code: 1008, reason: 'revoked' });
    for (const node of NODES) {
      expect(await call(node, 'GET', path)).toMatchObject({
        error: { code: 'agent_unknown' },
      });
    }
  });
});

test('the limit of the queue', async () => {
  const agent = await startAgent('hub-2');
  const { agentId } = agent;
  await dashboardOf('hub-1').request('first', { agentId });
  await agent.waitFor('command:execute');
  // On all hubs, because each limits the messages of a dashboard.
  await Promise.all(
    Array.from({ length: QUEUE_LENGTH }, (_, index) =>
      dashboardOf(NODES[index % NODES.length] ?? '').request('more', { agentId }),
    ),
  );
  for (const node of NODES) {
    await readUntil(dashboardOf(node), async () => {
      const { queueLength } = await call<AgentSummary>(node, 'GET', `/agents/${agentId}`);
      return queueLength === QUEUE_LENGTH;
    });
    const refused = await call(node, 'POST', '/commands', { agentId, command: 'too much' });
    expect(refused).toMatchObject({ error: { code: 'queue_full' } });
  }
  await call('hub-1', 'DELETE', `/agents/${agentId}`);
  await agent.closed;
});

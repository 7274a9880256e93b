// Users who are granted some agents neither see nor reach the others: on every route that reads, every message, and in
// everything that a dashboard receives. The routes are taken from the table, so that a new one cannot be forgotten.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Grants } from '../../src/protocol/grants.ts';
import { routeAccess } from '../../src/web/route-access.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { expectError } from './helpers.ts';

/** Two agents with the label `theirs` or `ours`, each with a running command, a queued one, output and a request. */
async function startHubWithTwoAgents() {
  const hub = await startTestHub();
  const admin = await connectDashboard(hub, { role: 'admin', userId: 'root' });
  async function start(agentId: string) {
    const agent = await connectAgent(hub, { agentId });
    await setLabels(hub, agentId, [`team-${agentId}`]);
    const comparisonId = crypto.randomUUID();
    const { commands } = await (
      await hub.callApi('POST', '/comparisons', {
        body: { agentIds: [agentId], command: `!text-${agentId}`, comparisonId },
      })
    ).json();
    const { commandId } = commands[0];
    await agent.waitForExecute(commandId);
    agent.sendStarted(commandId);
    agent.sendOutput(commandId, `output-${agentId}`);
    const approvalId = crypto.randomUUID();
    agent.send({
      type: 'approval:request',
      approvalId,
      commandId,
      title: `title-${agentId}`,
      options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
    });
    await admin.waitFor('approval:request', (request) => request.approvalId === approvalId);
    const queuedId = await admin.request('!queued', { agentId });
    return { agent, agentId, commandId, queuedId, approvalId, comparisonId };
  }
  return { hub, admin, ours: await start('ours'), theirs: await start('theirs') };
}

const setLabels = (hub: TestHub, agentId: string, labels: string[]) =>
  hub.callApi('PATCH', `/agents/${agentId}`, { role: 'admin', userId: 'root', body: { labels } });

const issueToken = async (hub: TestHub, agents: Grants) =>
  (await hub.tokens.issueSession(await hub.startSession('operator', 'otto', agents))).token;

let on: Awaited<ReturnType<typeof startHubWithTwoAgents>>;
beforeAll(async () => {
  on = await startHubWithTwoAgents();
});
afterAll(() => on.hub[Symbol.asyncDispose]());

/** The path of a route, about the agent `theirs` or one of its commands, requests and comparisons. */
function pathAboutTheirs(path: string): string {
  const { agentId, commandId, approvalId, comparisonId } = on.theirs;
  if (path.includes('/approvals/')) return path.replace(/:\w+/, approvalId);
  if (path.includes('/commands/')) return path.replace(/:\w+/, commandId);
  if (path.includes('/compare/')) return path.replace(/:\w+/, comparisonId);
  return path.replace(/:\w+/, agentId);
}

const grants: [string, Grants][] = [
  ['by ID', ['ours']],
  ['by label', ['label:team-ours']],
  ['by none', []],
];

describe.each(grants)('a user who is granted agents %s', (_name, agents) => {
  const routes = Object.entries(routeAccess)
    .filter(([route, access]) => route.startsWith('GET ') && access === 'hub:read')
    .map(([route]) => route.slice(4));

  test.each(routes)('does not see other agents at %s', async (route) => {
    const token = await issueToken(on.hub, agents);
    const path = pathAboutTheirs(route);
    for (const headers of [{}, { 'hx-request': 'true' }]) {
      const response = await fetch(on.hub.url + path, {
        redirect: 'manual',
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
      const text = (await response.text()).replaceAll(path, '').replaceAll('no agent “theirs”', '');
      expect(text).not.toMatch(/text-theirs|output-theirs|title-theirs/);
      // The ID itself may only repeat what was asked for.
      if (!path.includes('theirs')) expect(text).not.toContain('theirs');
      expect(text).not.toContain(on.theirs.queuedId);
      if (route.includes(':')) expect([200, 303, 404, 422]).toContain(response.status);
    }
  });

  test('cannot command other agents', async () => {
    const token = await issueToken(on.hub, agents);
    const call = (path: string, body?: unknown) => on.hub.callApi('POST', path, { token, body });
    const { agentId, commandId, queuedId, approvalId } = on.theirs;
    await expectError(call('/commands', { agentId, command: '!ls' }), 404, 'agent_unknown');
    const both = { agentIds: ['ours', agentId], command: '!ls' };
    await expectError(call('/comparisons', both), 404, 'agent_unknown');
    await expectError(call(`/commands/${commandId}/interrupt`), 404, 'command_unknown');
    await expectError(call(`/commands/${queuedId}/interrupt`), 404, 'command_unknown');
    const answer = call(`/approvals/${approvalId}`, { optionId: 'yes' });
    await expectError(answer, 404, 'approval_unknown');
  });

  test.each(['plain', 'deflate-raw'] as const)(
    'receives nothing about them (%s)',
    async (frames) => {
      const { hub, ours, theirs } = on;
      const token = await issueToken(hub, agents);
      const accept = frames === 'plain' ? [] : [frames];
      const dashboard = await connectDashboard(hub, { token, accept });
      for (const { agent, commandId } of [ours, theirs]) {
        agent.sendOutput(commandId, 'x'.repeat(2_000));
        await on.admin.waitForOutput(commandId, 'xxx');
      }
      await dashboard.ping();
      const seen = JSON.stringify(dashboard.received);
      expect(seen).not.toContain('theirs');
      expect(seen).not.toContain(theirs.commandId);
      expect(seen).not.toContain(theirs.queuedId);
      expect(dashboard.ofType('agent:status')).toHaveLength(agents?.length ?? 0);
      expect(dashboard.outputOf(ours.commandId) !== '').toBe(agents?.length === 1);
      hub.clock.advance(10_000);
      await dashboard.waitFor('hub:heartbeat');
      dashboard.close();
    },
  );

  test('cannot attach to their terminals, type into them, or answer', async () => {
    const { hub, theirs } = on;
    const dashboard = await connectDashboard(hub, { token: await issueToken(hub, agents) });
    const { commandId, approvalId } = theirs;
    const messages = [
      [{ type: 'terminal:attach', commandId }, 'command_unknown'],
      [{ type: 'command:input', commandId, data: 'x' }, 'command_not_active'],
      [{ type: 'terminal:resize', commandId, cols: 80, rows: 24 }, 'command_not_active'],
      [{ type: 'command:interrupt', commandId }, 'command_unknown'],
      [{ type: 'approval:respond', approvalId, optionId: 'yes' }, 'approval_unknown'],
    ] as const;
    for (const [message] of messages) dashboard.send(message);
    await dashboard.ping();
    const codes = dashboard.ofType('error').map(({ code }) => code);
    expect(codes.toSorted()).toEqual(messages.map(([, code]) => code).toSorted());
  });
});

test('a user sees the granted agents, and uses them', async () => {
  await using hub = await startTestHub();
  for (const [agentId, agents] of [
    ['by-id', ['by-id']],
    ['by-label', ['label:by-label-team']],
  ] as const) {
    const agent = await connectAgent(hub, { agentId });
    await setLabels(hub, agentId, ['other', `${agentId}-team`]);
    const token = await issueToken(hub, [...agents]);
    const dashboard = await connectDashboard(hub, { token });
    const id = await dashboard.request('!ls', { agentId });
    agent.run(id, 'listing');
    await dashboard.waitForStatus(id, 'completed');
    await dashboard.waitForComplete(id);
    expect(dashboard.outputOf(id)).toBe('listing');
    const { items } = await (await hub.callApi('GET', '/commands', { token })).json();
    expect(items.map((item: { id: string }) => item.id)).toEqual([id]);
  }
});

test('dashboards of restricted users reconnect when labels change, and see what changed', async () => {
  await using hub = await startTestHub();
  await connectAgent(hub, { agentId: 'build' });
  const token = await issueToken(hub, ['label:team']);
  const everyone = await connectDashboard(hub);
  const before = await connectDashboard(hub, { token });
  expect(before.ofType('agent:status')).toEqual([]);
  expect((await setLabels(hub, 'build', ['team'])).status).toBe(200);
  expect(await before.closed).toEqual({ code: 1001, reason: 'access_changed' });
  await everyone.ping();
  const after = await connectDashboard(hub, { token });
  await after.waitFor('agent:status', ({ agentId }) => agentId === 'build');
  await setLabels(hub, 'build', []);
  expect(await after.closed).toEqual({ code: 1001, reason: 'access_changed' });
});

test('admins see all agents, whatever they are granted', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const session = await hub.startSession('admin', 'root', []);
  const { token } = await hub.tokens.issueSession(session);
  const { items } = await (await hub.callApi('GET', '/agents', { token })).json();
  expect(items).toHaveLength(1);
});

test('invalid labels and grants are rejected', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  for (const labels of [['a b'], [''], ['x', 'x'], Array.from({ length: 17 }, (_, i) => `l${i}`)]) {
    await expectError(setLabels(hub, 'build', labels), 400, 'invalid_message');
  }
  await expectError(setLabels(hub, 'other', []), 404, 'agent_unknown');
  for (const agents of [['a b'], ['label:'], ['group:x'], 'build']) {
    const body = { username: 'ada', role: 'viewer', agents };
    const call = hub.callApi('POST', '/users', { role: 'admin', body });
    await expectError(call, 400, 'invalid_message');
  }
});

test('granted agents must exist, granted labels need not, and removed agents stay granted', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('local');
  const call = (method: string, path: string, body?: unknown) =>
    hub.callApi(method, path, { role: 'admin', userId: 'root', body });
  const add = (username: string, agents: string[]) =>
    call('POST', '/users', { username, role: 'operator', agents });
  const message = await expectError(add('ada', ['local', 'locl']), 404, 'agent_unknown');
  expect(message).toBe('There is no agent locl.');
  expect((await add('ada', ['local', 'label:nobody-has-it'])).status).toBe(201);
  await call('DELETE', '/agents/local');
  const change = (body: unknown) => call('PATCH', '/users/ada', body);
  expect((await change({ role: 'viewer' })).status).toBe(200);
  expect((await change({ agents: ['local', 'label:other'] })).status).toBe(200);
  await expectError(change({ agents: ['local', 'gone'] }), 404, 'agent_unknown');
  expect((await change({ agents: ['label:other'] })).status).toBe(200);
  await expectError(change({ agents: ['local'] }), 404, 'agent_unknown');
});

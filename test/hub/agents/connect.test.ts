// Agents that connect: authentication, the welcome and the limit.
import { expect, test } from 'bun:test';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { connectAgent, openAgent } from '../../support/hub/scripted-agent.ts';

test('an agent with its ID, type and token is welcomed', async () => {
  await using hub = await startTestHub();
  const agent = await connectAgent(hub, {
    agentId: 'a',
    agentType: 'codex',
    notice: 'No prompts.',
  });
  expect(await agent.waitFor('agent:welcome')).toMatchObject({
    agentId: 'a',
    heartbeatIntervalMs: 10_000,
    resume: [],
    stop: [],
  });
  const summary = await (await hub.callApi('GET', '/agents/a')).json();
  expect(summary).toMatchObject({
    agentId: 'a',
    agentType: 'codex',
    status: 'online',
    capabilities: ['prompt', 'shell'],
    connectionTime: hub.clock.now(),
    lastHeartbeat: hub.clock.now(),
    currentCommand: null,
    queueLength: 0,
    waitingForApproval: false,
    notice: 'No prompts.',
  });
});

test.each([
  ['the wrong token', { token: 'sba_wrong' }, /rejected the token for/],
  ['an empty token', { token: '' }, /rejected the token for/],
  ['an unknown ID', { agentId: 'unknown' }, /rejected the token for/],
  ['the wrong type', { agentType: 'gemini' as const }, /was added as type claude/],
])('an agent with %s is rejected', async (_name, fields, message) => {
  await using hub = await startTestHub();
  const token = await hub.addAgent();
  const agent = await openAgent(hub);
  agent.sendConnect({ token, ...fields });
  expect((await agent.waitFor('error')).message).toMatch(message);
  expect(await agent.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
  expect(hub.hub.registry.list()).toMatchObject([{ status: 'offline' }]);
});

test('the eleventh agent is rejected until another one has disconnected', async () => {
  await using hub = await startTestHub();
  const agents = [];
  for (let i = 0; i < 10; i++) agents.push(await connectAgent(hub, { agentId: `a${i}` }));
  const token = await hub.addAgent('late');
  const late = await openAgent(hub);
  late.sendConnect({ agentId: 'late', token });
  expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
  const returning = await connectAgent(hub, { agentId: 'a0', token: agents[0]!.token });
  expect(await agents[0]!.closed).toEqual({ code: 4001, reason: 'replaced' });
  const observer = await connectDashboard(hub);
  returning.close();
  await observer.waitForAgentStatus('offline', 'a0');
  await connectAgent(hub, { agentId: 'late', token });
});

test('a second agent:connect is ignored', async () => {
  await using hub = await startTestHub();
  const agent = await connectAgent(hub);
  agent.sendConnect({ token: agent.token, capabilities: ['shell'] });
  await agent.ping();
  expect(hub.hub.registry.find('agent')?.capabilities).toEqual(['prompt', 'shell']);
});

test('an agent can check its token without connecting', async () => {
  await using hub = await startTestHub();
  const token = await hub.addAgent();
  const checkToken = async (agentId: string, bearer: string) =>
    (await hub.callApi('GET', `/agents/${agentId}/token`, { token: bearer })).status;
  expect(await checkToken('agent', token)).toBe(204);
  expect(await checkToken('agent', 'sba_wrong')).toBe(401);
  expect(await checkToken('unknown', token)).toBe(401);
  expect(hub.hub.registry.find('agent')?.status).toBe('offline');
});

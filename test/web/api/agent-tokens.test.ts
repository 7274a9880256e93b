// The API of agent tokens, and what happens to the connections that use them.
import { describe, expect, test } from 'bun:test';
import {
  AgentTokenPage,
  type AgentTokenSummary,
  CreatedAgentToken,
} from '../../../src/protocol/tokens.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import {
  connectAgent,
  connectManualAgent,
  openAgent,
  openOtherInstance,
} from '../../support/hub/scripted-agent.ts';
import { expectError, expectJson } from '../helpers.ts';

const PATH = '/agents/agent/tokens';
const asAdmin = { role: 'admin', userId: 'admin' } as const;
const DAY = 86_400_000;

const list = async (hub: TestHub): Promise<AgentTokenSummary[]> =>
  (await expectJson(hub.callApi('GET', PATH, asAdmin), 200, AgentTokenPage)).items;
const add = (hub: TestHub, body: unknown = {}): Promise<CreatedAgentToken> =>
  expectJson(hub.callApi('POST', PATH, { ...asAdmin, body }), 201, CreatedAgentToken);
const revoke = (hub: TestHub, id: string) => hub.callApi('DELETE', `${PATH}/${id}`, asAdmin);

/** Connects with a token; resolves with the reason if the hub rejects it. */
async function tryConnect(hub: TestHub, token: string): Promise<string> {
  const agent = await openAgent(hub);
  agent.sendConnect({ token });
  const closed = agent.closed.then(({ code, reason }) => `${code} ${reason}`);
  return agent.waitFor('agent:welcome').then(
    () => 'welcome',
    () => closed,
  );
}

const revoked = { code: 1008, reason: 'revoked' };

test('tokens are added, listed without their secrets, and revoked', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  const [first] = await list(hub);
  expect(first).toEqual({
    id: expect.any(String),
    agentId: 'agent',
    name: null,
    createdAt: hub.clock.now(),
    createdBy: 'root',
    expiresAt: null,
    lastUsedAt: null,
    isInUse: false,
  });
  const expiresAt = hub.clock.now() + DAY;
  const { token, ...second } = await add(hub, { name: 'laptop', expiresAt });
  expect(token).toMatch(/^sba_[\w-]{43}$/);
  expect(second).toMatchObject({ name: 'laptop', createdBy: 'admin', expiresAt });
  expect(await list(hub)).toEqual([first as AgentTokenSummary, second]);
  expect(JSON.stringify(await hub.store.agentTokens.list())).not.toContain(token);
  expect((await revoke(hub, second.id)).status).toBe(204);
  expect(await list(hub)).toEqual([first as AgentTokenSummary]);
  expect(await tryConnect(hub, token)).toBe('1008 unauthenticated');
  await expectError(revoke(hub, second.id), 404, 'not_found');
});

test('invalid requests are rejected', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  await hub.addAgent('other');
  const invalid = [
    { name: '' },
    { name: 'a'.repeat(65) },
    { expiresAt: hub.clock.now() },
    { expiresAt: 'soon' },
  ];
  for (const body of invalid) {
    const response = hub.callApi('POST', PATH, { ...asAdmin, body });
    await expectError(response, 400, 'invalid_message');
  }
  const unknown = '/agents/unknown/tokens';
  for (const [method, path] of [
    ['GET', unknown],
    ['POST', unknown],
    ['DELETE', `${unknown}/x`],
  ] as const) {
    const body = method === 'POST' ? {} : undefined;
    await expectError(hub.callApi(method, path, { ...asAdmin, body }), 404, 'agent_unknown');
  }
  const [token] = await list(hub);
  await expectError(
    hub.callApi('DELETE', `/agents/other/tokens/${token?.id}`, asAdmin),
    404,
    'not_found',
  );
});

test('an agent has at most 10 tokens, also if they are added at once', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  const results = await Promise.all(
    Array.from({ length: 12 }, () => hub.callApi('POST', PATH, { ...asAdmin, body: {} })),
  );
  expect(results.filter(({ status }) => status === 201)).toHaveLength(9);
  const tokens = await list(hub);
  expect(tokens).toHaveLength(10);
  await expectError(hub.callApi('POST', PATH, { ...asAdmin, body: {} }), 409, 'token_limit');
  await revoke(hub, tokens[0]?.id ?? '');
  await add(hub);
});

describe('a connection', () => {
  test('is closed when its token is revoked, and only then', async () => {
    await using hub = await startTestHub();
    const agent = await connectAgent(hub);
    const [first] = await list(hub);
    expect(first).toMatchObject({ lastUsedAt: hub.clock.now(), isInUse: true });
    const second = await add(hub);
    const third = await add(hub);
    await revoke(hub, third.id);
    await agent.ping();
    await revoke(hub, first?.id ?? '');
    expect(await agent.closed).toEqual(revoked);
    expect(await tryConnect(hub, agent.token)).toBe('1008 unauthenticated');
    expect(await tryConnect(hub, second.token)).toBe('welcome');
  });

  test('is closed when its token expires; the token is removed later', async () => {
    await using hub = await startTestHub();
    await hub.addAgent();
    const { token, id } = await add(hub, { expiresAt: hub.clock.now() + 10_000 });
    const agent = await connectAgent(hub, { token });
    hub.clock.advance(9_000);
    await agent.ping();
    hub.clock.advance(1_000);
    expect(await agent.closed).toEqual(revoked);
    expect(await tryConnect(hub, token)).toBe('1008 unauthenticated');
    expect((await list(hub)).map((one) => one.id)).toContain(id);
    hub.clock.advance(3_600_000);
    await hub.flush();
    expect((await hub.store.agentTokens.list()).map((one) => one.id)).not.toContain(id);
  });

  test('of a second instance that waits to take over is closed with its token', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const { token, id } = await add(hub);
    const second = await openOtherInstance(hub, { token });
    await revoke(hub, id);
    expect(await second.closed).toEqual(revoked);
    hub.clock.advance(2_000);
    expect(second.ofType('agent:welcome')).toEqual([]);
    expect((await list(hub))[0]?.isInUse).toBe(true);
    await first.ping();
  });

  test('is taken over at once if the token of the first instance is revoked', async () => {
    await using hub = await startTestHub();
    const first = await connectManualAgent(hub);
    const [{ id } = { id: '' }] = await list(hub);
    const { token } = await add(hub);
    const second = await openOtherInstance(hub, { token });
    await revoke(hub, id);
    expect(await first.closed).toEqual(revoked);
    await second.waitFor('agent:welcome');
  });

  test('keeps the last use of its token up to date, stored once a minute', async () => {
    await using hub = await startTestHub();
    const agent = await connectAgent(hub);
    await hub.flush();
    const readStored = async () => (await hub.store.agentTokens.list())[0]?.lastUsedAt;
    const connectedAt = hub.clock.now();
    expect(await readStored()).toBe(connectedAt);
    await hub.callApi('GET', '/agents/agent/token', { token: agent.token });
    await hub.advance(59_000, agent);
    await hub.callApi('GET', '/agents/agent/token', { token: agent.token });
    await hub.flush();
    expect(await readStored()).toBe(connectedAt);
    await hub.advance(1_000, agent);
    await hub.flush();
    expect(await readStored()).toBe(connectedAt + 60_000);
  });
});

test('the token check accepts each valid token of the agent, and no other', async () => {
  await using hub = await startTestHub();
  const first = await hub.addAgent();
  const other = await hub.addAgent('other');
  const { token, id } = await add(hub, { expiresAt: hub.clock.now() + 1_000 });
  const check = async (secret: string) =>
    (await hub.callApi('GET', '/agents/agent/token', { token: secret })).status;
  expect(await Promise.all([first, token, other, 'x'].map(check))).toEqual([204, 204, 401, 401]);
  hub.clock.advance(1_000);
  expect(await check(token)).toBe(401);
  await revoke(hub, id);
});

test('tokens survive a restart, and a revoked one stays revoked after the disk was full', async () => {
  await using before = await startTestHub({ onDisk: true });
  const first = await before.addAgent();
  const kept = await add(before, { name: 'kept' });
  const [{ id } = { id: '' }] = await list(before);
  before.store.fail((call) => call.startsWith('agentTokens.'));
  await expectError(before.callApi('POST', PATH, { ...asAdmin, body: {} }), 503, 'unavailable');
  expect((await revoke(before, id)).status).toBe(204);
  expect(await tryConnect(before, first)).toBe('1008 unauthenticated');
  before.store.clearFaults();
  before.clock.advance(1_000);
  await before.flush();
  await using hub = await before.crash();
  expect((await list(hub)).map(({ name }) => name)).toEqual(['kept']);
  expect(await tryConnect(hub, first)).toBe('1008 unauthenticated');
  expect(await tryConnect(hub, kept.token)).toBe('welcome');
});

test('a token that is stored while its agent is removed does not work for the next agent of that ID', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  hub.store.hold((call) => call === 'agentTokens.insert');
  const adding = hub.callApi('POST', PATH, { ...asAdmin, body: {} });
  await hub.store.waitForFault('agentTokens.insert');
  await hub.callApi('DELETE', '/agents/agent', asAdmin);
  hub.store.clearFaults();
  await expectError(adding, 404, 'agent_unknown');
  await hub.flush();
  expect(await hub.store.agentTokens.list()).toEqual([]);
});

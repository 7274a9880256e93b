// The API tokens of users: managing them, and what they may do.
import { describe, expect, test } from 'bun:test';
import type { Role } from '../../../src/protocol/entities.ts';
import {
  ApiTokenPage,
  type ApiTokenSummary,
  CreatedApiToken,
  CurrentApiToken,
} from '../../../src/protocol/tokens.ts';
import { UserSummary } from '../../../src/protocol/users.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import type { TestHub } from '../../support/hub/hub.ts';
import { expectError, expectJson, startHubWithAdmin } from '../helpers.ts';

const PATH = '/account/tokens';
const DAY = 86_400_000;
const asAdmin = { role: 'admin', userId: 'admin' } as const;

/** Adds the account of ada, an operator. */
async function startHubWithUser(options = {}) {
  const hub = await startHubWithAdmin(options);
  const body = { username: 'ada', role: 'operator' };
  await expectJson(hub.callApi('POST', '/users', { ...asAdmin, body }), 201, UserSummary);
  return hub;
}

const createBody = (hub: TestHub, fields: object = {}) => ({
  name: 'build',
  scope: 'operator',
  expiresAt: hub.clock.now() + DAY,
  ...fields,
});
/** Adds a token of ada. */
const add = (hub: TestHub, fields: object = {}): Promise<CreatedApiToken> =>
  expectJson(hub.callApi('POST', PATH, { body: createBody(hub, fields) }), 201, CreatedApiToken);
const list = async (hub: TestHub): Promise<ApiTokenSummary[]> =>
  (await expectJson(hub.callApi('GET', PATH), 200, ApiTokenPage)).items;
const describeToken = (hub: TestHub, token: string): Promise<CurrentApiToken> =>
  expectJson(hub.callApi('GET', '/token', { token }), 200, CurrentApiToken);
const changeUser = (hub: TestHub, body: object) =>
  hub.callApi('PATCH', '/users/ada', { ...asAdmin, body });
const expectRejected = async (hub: TestHub, token: string) => {
  const message = await expectError(
    hub.callApi('GET', '/agents', { token }),
    401,
    'not_authenticated',
  );
  expect(message).toContain('expired or been revoked');
  expect(await connectDashboard(hub, { token }).catch(String)).toContain('unauthenticated');
};

test('a token is added, used with its scope, listed without its secret, and revoked', async () => {
  await using hub = await startHubWithUser();
  const { token, ...created } = await add(hub);
  expect(token).toMatch(/^sbp_[\w-]{43}$/);
  expect(created).toEqual({
    id: expect.any(String),
    name: 'build',
    scope: 'operator',
    createdAt: hub.clock.now(),
    expiresAt: hub.clock.now() + DAY,
    lastUsedAt: null,
    lastAddress: null,
  });
  expect(JSON.stringify(await hub.store.apiTokens.list())).not.toContain(token);
  expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
  const used = { ...created, lastUsedAt: hub.clock.now(), lastAddress: '127.0.0.1' };
  expect(await list(hub)).toEqual([used]);
  expect(await describeToken(hub, token)).toEqual({ ...used, userId: 'ada', role: 'operator' });
  await expectError(hub.callApi('GET', '/token'), 404, 'not_found');
  const dashboard = await connectDashboard(hub, { token });
  expect((await hub.callApi('DELETE', `${PATH}/${created.id}`)).status).toBe(204);
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
  await expectRejected(hub, token);
  expect(await list(hub)).toEqual([]);
  await expectError(hub.callApi('DELETE', `${PATH}/${created.id}`), 404, 'not_found');
  expect(JSON.stringify(hub.logEntries)).not.toContain(token);
});

test('invalid requests are rejected', async () => {
  await using hub = await startHubWithUser();
  const now = hub.clock.now();
  for (const fields of [
    { name: '' },
    { name: 'a'.repeat(65) },
    { scope: 'root' },
    { expiresAt: undefined },
    { expiresAt: now },
    { expiresAt: now + 365 * DAY + 300_001 },
  ]) {
    const response = hub.callApi('POST', PATH, { body: createBody(hub, fields) });
    await expectError(response, 400, 'invalid_message');
  }
  const body = createBody(hub, { scope: 'admin' });
  await expectError(hub.callApi('POST', PATH, { body }), 403, 'forbidden');
  // The clock of the client is ahead.
  expect((await add(hub, { expiresAt: now + 365 * DAY + 300_000 })).expiresAt).toBe(
    now + 365 * DAY,
  );
});

test("another user's tokens are neither listed nor revoked", async () => {
  await using hub = await startHubWithUser();
  const { id } = await add(hub);
  expect(await expectJson(hub.callApi('GET', PATH, asAdmin), 200, ApiTokenPage)).toMatchObject({
    items: [],
  });
  await expectError(hub.callApi('DELETE', `${PATH}/${id}`, asAdmin), 404, 'not_found');
});

test('a user has at most 50 tokens, also if they are added at once', async () => {
  await using hub = await startHubWithUser();
  const results = await Promise.all(
    Array.from({ length: 52 }, () => hub.callApi('POST', PATH, { body: createBody(hub) })),
  );
  expect(results.filter(({ status }) => status === 201)).toHaveLength(50);
  await expectError(hub.callApi('POST', PATH, { body: createBody(hub) }), 409, 'token_limit');
});

describe('a token may not', () => {
  test('manage the account, tokens, sessions or users, whatever its scope', async () => {
    await using hub = await startHubWithUser();
    await changeUser(hub, { role: 'admin' });
    const admin = { role: 'admin', userId: 'ada' } as const;
    const body = createBody(hub, { scope: 'admin' });
    const { token } = await expectJson(
      hub.callApi('POST', PATH, { ...admin, body }),
      201,
      CreatedApiToken,
    );
    expect(await describeToken(hub, token)).toMatchObject({ role: 'admin' });
    for (const [method, path] of [
      ['GET', '/session'],
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
      ['GET', PATH],
      ['POST', PATH],
      ['DELETE', `${PATH}/x`],
      ['PUT', '/account/password'],
      ['GET', '/users'],
      ['POST', '/users'],
      ['PATCH', '/users/admin'],
      ['DELETE', '/users/admin'],
      ['POST', '/users/admin/password-link'],
    ] as const) {
      const message = await expectError(hub.callApi(method, path, { token }), 403, 'forbidden');
      expect(message).toMatch(/^You cannot manage .* with an API token\. Sign in instead\.$/);
    }
    // Signing out ends sessions only.
    expect((await hub.callApi('DELETE', '/session', { token })).status).toBe(204);
    expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
  });

  test('do more than its scope', async () => {
    await using hub = await startHubWithUser();
    const { token } = await add(hub, { scope: 'viewer' });
    await hub.addAgent();
    const body = { agentId: 'agent', command: '!ls' };
    await expectError(hub.callApi('POST', '/commands', { token, body }), 403, 'forbidden');
    const dashboard = await connectDashboard(hub, { token });
    dashboard.send({
      type: 'command:request',
      agentId: 'agent',
      command: '!ls',
      priority: 'normal',
    });
    expect(await dashboard.waitFor('error')).toMatchObject({ code: 'forbidden' });
  });

  test('open pages, or be used as a cookie', async () => {
    await using hub = await startHubWithUser();
    const { token } = await add(hub);
    const get = (path: string, headers: Record<string, string>) =>
      fetch(hub.url + path, { headers, redirect: 'manual' });
    expect((await get('/', { authorization: `Bearer ${token}` })).status).toBe(303);
    expect((await get('/account', { authorization: `Bearer ${token}` })).status).toBe(303);
    expect((await get('/api/v1/agents', { cookie: `signalbox=${token}` })).status).toBe(401);
  });
});

describe('the tokens of a user', () => {
  test('stop at once when the user is disabled, and work again when the user is enabled', async () => {
    await using hub = await startHubWithUser();
    const { token } = await add(hub);
    const dashboard = await connectDashboard(hub, { token });
    await changeUser(hub, { disabled: true });
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
    await expectRejected(hub, token);
    await changeUser(hub, { disabled: false });
    expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
  });

  test('end with the user, also for a new user of the same name', async () => {
    await using hub = await startHubWithUser();
    const { token } = await add(hub);
    const dashboard = await connectDashboard(hub, { token });
    await hub.callApi('DELETE', '/users/ada', asAdmin);
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
    await expectRejected(hub, token);
    await hub.callApi('POST', '/users', { ...asAdmin, body: { username: 'ada', role: 'admin' } });
    await expectRejected(hub, token);
    expect(await hub.store.apiTokens.list()).toEqual([]);
  });

  test('get the lower of scope and role, also when the role changes', async () => {
    await using hub = await startHubWithUser();
    const { token } = await add(hub);
    const dashboard = await connectDashboard(hub, { token });
    const roles: [Role, Role][] = [
      ['viewer', 'viewer'],
      ['admin', 'operator'],
      ['operator', 'operator'],
    ];
    for (const [role, effective] of roles) {
      await changeUser(hub, { role });
      expect(await describeToken(hub, token)).toMatchObject({ scope: 'operator', role: effective });
    }
    expect(await dashboard.closed).toEqual({ code: 1001, reason: 'access_changed' });
  });

  test('follow the agents that the user is granted', async () => {
    await using hub = await startHubWithUser();
    await hub.addAgent('a');
    await hub.addAgent('b');
    const { token } = await add(hub);
    const dashboard = await connectDashboard(hub, { token });
    await changeUser(hub, { agents: ['b'] });
    expect(await dashboard.closed).toEqual({ code: 1001, reason: 'access_changed' });
    expect(await (await hub.callApi('GET', '/agents', { token })).json()).toMatchObject({
      items: [{ agentId: 'b' }],
    });
  });

  test('that are being stored while the user is removed do not work', async () => {
    await using hub = await startHubWithUser();
    hub.store.hold((call) => call === 'apiTokens.insert');
    const adding = hub.callApi('POST', PATH, { body: createBody(hub) });
    await hub.store.waitForFault('apiTokens.insert');
    await hub.callApi('DELETE', '/users/ada', asAdmin);
    hub.store.clearFaults();
    expect((await adding).status).toBe(401);
    await hub.flush();
    expect(await hub.store.apiTokens.list()).toEqual([]);
  });
});

test('a token expires, which closes its dashboards; it is removed later', async () => {
  await using hub = await startHubWithUser();
  const { token } = await add(hub, { expiresAt: hub.clock.now() + 10_000 });
  const dashboard = await connectDashboard(hub, { token });
  hub.clock.advance(10_000);
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'expired' });
  await expectRejected(hub, token);
  expect(await list(hub)).toHaveLength(1);
  hub.clock.advance(3_600_000);
  await hub.flush();
  expect(await hub.store.apiTokens.list()).toEqual([]);
});

test('the last use is stored once a minute, with the address', async () => {
  await using hub = await startHubWithUser({ trustedProxies: ['127.0.0.1'] });
  const { token } = await add(hub, { expiresAt: hub.clock.now() + 30 * DAY });
  const use = async (address: string) => {
    const headers = { 'x-forwarded-for': address };
    await hub.callApi('GET', '/agents', { token, headers });
    await hub.flush();
    const [stored] = await hub.store.apiTokens.list();
    return [stored?.lastUsedAt, stored?.lastAddress];
  };
  const first = hub.clock.now();
  expect(await use('192.0.2.1')).toEqual([first, '192.0.2.1']);
  hub.clock.advance(59_999);
  expect(await use('192.0.2.2')).toEqual([first, '192.0.2.1']);
  hub.clock.advance(1);
  expect(await use('192.0.2.2')).toEqual([first + 60_000, '192.0.2.2']);
});

test('tokens survive a crash, and a revoked one stays revoked after the disk was full', async () => {
  await using before = await startHubWithUser({ onDisk: true });
  const kept = await add(before, { name: 'kept' });
  const revoked = await add(before);
  before.store.fail((call) => call.startsWith('apiTokens.'));
  const response = before.callApi('POST', PATH, { body: createBody(before) });
  await expectError(response, 503, 'unavailable');
  expect((await before.callApi('DELETE', `${PATH}/${revoked.id}`)).status).toBe(204);
  before.store.clearFaults();
  before.clock.advance(1_000);
  await before.flush();
  await using hub = await before.crash();
  expect((await list(hub)).map(({ name }) => name)).toEqual(['kept']);
  await expectRejected(hub, revoked.token);
  expect((await hub.callApi('GET', '/agents', { token: kept.token })).status).toBe(200);
});

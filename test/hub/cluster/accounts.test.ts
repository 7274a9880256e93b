// What a hub knows of users, sessions and tokens after another hub has changed them.
import { expect, test } from 'bun:test';
import type { Actor } from '../../../src/hub/state/dashboard.ts';
import { useDatabase } from '../../support/postgres-store.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startTwoHubs } from '../../support/hub/two-hubs.ts';
import { connectAgent, openAgent } from '../../support/hub/scripted-agent.ts';

const ROOT: Actor = { userId: 'root', role: 'admin', agents: null };
const CLIENT = { address: null, userAgent: null };
const PASSWORD = 'correct horse battery staple';

const database = useDatabase();

const statusOf = async (
  hub: { callApi(method: string, path: string, options: object): Promise<Response> },
  token: string,
  path = '/agents',
) => (await hub.callApi('GET', path, { token })).status;

test('a session that was started on one hub is valid on the other one at once', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.issueToken('operator', 'ada');
  expect(await statusOf(hubs.b, token)).toBe(200);
  expect(hubs.a.announced).toContain('sessions');
});

test('a session that is ended on one hub ends on the other one, with its dashboards', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.issueToken('operator', 'ada');
  const dashboard = await connectDashboard(hubs.b, { token });
  const [session] = hubs.a.hub.sessions.list('ada');
  hubs.a.hub.sessions.end({ userId: 'ada', role: 'operator', agents: null }, session!.id);
  await hubs.a.flush();
  expect(await hubs.b.catchUp()).toContain('sessions');
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
  expect(await statusOf(hubs.b, token)).toBe(401);
  expect(hubs.a.announced.filter((table) => table === 'sessions')).toHaveLength(2);
});

test('a changed role ends the sessions of the user on the other hub, as an access change', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.issueToken('operator', 'ada');
  const dashboard = await connectDashboard(hubs.b, { token });
  await hubs.a.hub.accounts.change(ROOT, 'ada', { role: 'viewer' });
  await hubs.b.catchUp();
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'access_changed' });
  expect(await statusOf(hubs.b, token)).toBe(401);
});

test('the sessions of a disabled and of a removed user end on the other hub', async () => {
  await using hubs = await startTwoHubs(database.url);
  for (const userId of ['ada', 'bob']) {
    const token = await hubs.b.issueToken('operator', userId);
    const dashboard = await connectDashboard(hubs.b, { token });
    await hubs.a.catchUp();
    if (userId === 'ada') await hubs.a.hub.accounts.change(ROOT, userId, { disabled: true });
    else await hubs.a.hub.accounts.remove(ROOT, userId);
    await hubs.b.catchUp();
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
    expect(await statusOf(hubs.b, token)).toBe(401);
  }
});

test('a session that began with a role that another hub had just changed is not valid', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.startSession('operator', 'ada');
  await hubs.b.catchUp();
  await hubs.a.hub.accounts.change(ROOT, 'ada', { role: 'viewer' });
  // This hub does not know it yet.
  const started = await hubs.b.hub.sessions.start(
    { userId: 'ada', role: 'operator', agents: null },
    CLIENT,
  );
  const token = (await hubs.b.tokens.issueSession(started)).token;
  const dashboard = await connectDashboard(hubs.b, { token });
  await hubs.b.catchUp();
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'access_changed' });
  for (const hub of [hubs.a, hubs.b]) expect(await statusOf(hub, token)).toBe(401);
  await hubs.b.hub.sessions.purge();
  await hubs.b.flush();
  expect(await hubs.b.store.sessions.list()).toEqual([]);
});

test('a session with the new role is valid on a hub that does not know the new role yet', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.startSession('operator', 'ada');
  await hubs.b.catchUp();
  await hubs.a.hub.accounts.change(ROOT, 'ada', { role: 'viewer' });
  const started = await hubs.a.hub.sessions.start(
    { userId: 'ada', role: 'viewer', agents: null },
    CLIENT,
  );
  expect(await statusOf(hubs.b, (await hubs.a.tokens.issueSession(started)).token)).toBe(200);
});

test('a password that another hub has changed is not accepted anymore, not even for a moment', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.hub.accounts.createFirstAdmin(PASSWORD);
  await hubs.b.catchUp();
  const admin = { userId: 'admin', sessionId: 'none', role: 'admin', agents: null } as const;
  const identity = { ...admin, address: null, expiresAt: 0 };
  const changed = { currentPassword: PASSWORD, newPassword: 'another password' };
  expect(await hubs.a.hub.accounts.changePassword(identity, changed)).toBe(true);
  const signIn = (password: string) => hubs.b.hub.accounts.authenticate('admin', password, null);
  expect(await signIn(PASSWORD)).toBeNull();
  expect(await signIn('another password')).toMatchObject({ userId: 'admin' });
});

test('two hubs that create the first account at the same time create one', async () => {
  await using hubs = await startTwoHubs(database.url);
  const results = await Promise.allSettled(
    [hubs.a, hubs.b].map(({ hub }) => hub.accounts.createFirstAdmin(PASSWORD)),
  );
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const failed = results.find(({ status }) => status === 'rejected');
  expect(failed).toMatchObject({ reason: { code: 'forbidden' } });
});

test('a hub that was too slow to create the first account knows it at once', async () => {
  await using hubs = await startTwoHubs(database.url);
  const { a, b } = hubs;
  a.store.hold((call) => call === 'users.insert');
  const creating = a.hub.accounts.createFirstAdmin(PASSWORD).catch((error: unknown) => error);
  await a.store.waitForFault('users.insert');
  await b.hub.accounts.createFirstAdmin(PASSWORD);
  a.store.release();
  expect(await creating).toMatchObject({ code: 'forbidden' });
  const admin = await a.hub.accounts.authenticate('admin', PASSWORD, null);
  expect(admin).toMatchObject({ userId: 'admin' });
});

test('a password link of one hub is used once, on any hub', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.hub.accounts.add(ROOT, { username: 'eve', role: 'viewer' });
  const { token } = await hubs.a.hub.accounts.createPasswordLink(ROOT, 'eve');
  await hubs.b.catchUp();
  expect(await hubs.b.hub.accounts.findLinkUser(token)).toBe('eve');
  const used = await Promise.all(
    [hubs.a, hubs.b].map(({ hub }) => hub.accounts.redeemLink(token, PASSWORD, null)),
  );
  expect(used.filter((user) => user !== null)).toMatchObject([{ userId: 'eve' }]);
  expect(await hubs.a.hub.accounts.findLinkUser(token)).toBeUndefined();
});

test('an API token works on the other hub at once, and not after it was revoked', async () => {
  await using hubs = await startTwoHubs(database.url);
  const session = await hubs.a.startSession('operator', 'ada');
  const body = { name: 'ci', scope: 'viewer', expiresAt: hubs.a.clock.now() + 1_000_000 } as const;
  const { id, token } = await hubs.a.hub.apiTokens.add(session, body);
  expect(await statusOf(hubs.b, token)).toBe(200);
  const dashboard = await connectDashboard(hubs.b, { token });
  hubs.a.hub.apiTokens.revoke(session, id);
  await hubs.a.flush();
  await hubs.b.catchUp();
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
  expect(await statusOf(hubs.b, token)).toBe(401);
});

test('the dashboards of an API token reconnect when another hub changes the role of its user', async () => {
  await using hubs = await startTwoHubs(database.url);
  const session = await hubs.a.startSession('operator', 'ada');
  const expiresAt = hubs.a.clock.now() + 1_000_000;
  const { token } = await hubs.a.hub.apiTokens.add(session, {
    name: 'ci',
    scope: 'operator',
    expiresAt,
  });
  const dashboard = await connectDashboard(hubs.b, { token });
  await hubs.a.hub.accounts.change(ROOT, 'ada', { role: 'viewer' });
  await hubs.b.catchUp();
  expect(await dashboard.closed).toEqual({ code: 1001, reason: 'access_changed' });
  expect(await statusOf(hubs.b, token)).toBe(200);
  await hubs.a.hub.accounts.change(ROOT, 'ada', { disabled: true });
  const again = await connectDashboard(hubs.b, { token });
  await hubs.b.catchUp();
  expect(await again.closed).toEqual({ code: 1008, reason: 'revoked' });
});

test('a token of an agent that one hub revokes ends the connection to the other one', async () => {
  await using hubs = await startTwoHubs(database.url);
  const agent = await connectAgent(hubs.b);
  await hubs.a.catchUp();
  const [first] = hubs.a.hub.agentTokens.list(ROOT, 'agent');
  hubs.a.hub.agentTokens.revoke(ROOT, 'agent', first!.id);
  await hubs.a.flush();
  await hubs.b.catchUp();
  expect(await agent.closed).toEqual({ code: 1008, reason: 'revoked' });
  const added = await hubs.a.hub.agentTokens.add(ROOT, 'agent', {});
  await hubs.b.catchUp();
  await connectAgent(hubs.b, { token: added.token });
  const rejected = await openAgent(hubs.b);
  rejected.sendConnect({ token: agent.token });
  expect(await rejected.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
});

test('a session whose end is not stored yet does not come back', async () => {
  await using hubs = await startTwoHubs(database.url);
  const token = await hubs.a.issueToken('operator', 'ada');
  const [session] = hubs.a.hub.sessions.list('ada');
  hubs.a.store.hold((call) => call === 'sessions.remove');
  hubs.a.hub.sessions.end({ userId: 'ada', role: 'operator', agents: null }, session!.id);
  await hubs.a.store.waitForFault('sessions.remove');
  await hubs.a.hub.caches.reload(['sessions', 'users']);
  expect(await statusOf(hubs.a, token)).toBe(401);
  hubs.a.store.release();
  await hubs.a.flush();
  await hubs.b.catchUp();
  expect(await statusOf(hubs.b, token)).toBe(401);
});

test('a token and an agent that are being stored are not lost', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.addAgent('first');
  hubs.a.store.hold((call) => call === 'agentTokens.insert' || call === 'agents.insert');
  const adding = hubs.a.hub.agentTokens.add(ROOT, 'first', {});
  const registering = hubs.a.addAgent('second');
  await hubs.a.store.waitForFault('agentTokens.insert');
  await hubs.a.store.waitForFault('agents.insert');
  await hubs.a.hub.caches.reload(['agents', 'agent_tokens']);
  hubs.a.store.release();
  const { token } = await adding;
  expect(hubs.a.hub.registry.verifyToken('first', token)).toBe(true);
  expect(hubs.a.hub.registry.verifyToken('second', await registering)).toBe(true);
  expect(hubs.a.hub.registry.find('second')).toBeDefined();
});

test('the leader removes expired sessions, and other hubs leave them to it', async () => {
  await using hubs = await startTwoHubs(database.url);
  await hubs.a.startSession();
  await hubs.b.catchUp();
  hubs.b.clock.advance(14 * 3_600_000);
  await hubs.b.flush();
  expect(await hubs.a.store.sessions.list()).toHaveLength(1);
  hubs.a.clock.advance(14 * 3_600_000);
  await hubs.a.flush();
  expect(await hubs.a.store.sessions.list()).toEqual([]);
});

// The API of users: admins manage them, and users change their own password.
import { describe, expect, test } from 'bun:test';
import { SessionResponse } from '../../../src/protocol/api.ts';
import { PasswordLink, UserPage, UserSummary } from '../../../src/protocol/users.ts';
import { requestApproval } from '../../support/hub/approvals.ts';
import { connectDashboard } from '../../support/hub/dashboard.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import type { TestHub } from '../../support/hub/hub.ts';
import {
  addAdmin,
  expectError,
  expectJson,
  PASSWORD,
  signIn,
  startHubWithAdmin,
} from '../helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;
const OTHER_PASSWORD = 'another long password';

const addUser = (hub: TestHub, body: unknown) =>
  hub.callApi('POST', '/users', { ...asAdmin, body });
const changeUser = (hub: TestHub, username: string, body: unknown) =>
  hub.callApi('PATCH', `/users/${username}`, { ...asAdmin, body });
const removeUser = (hub: TestHub, username: string) =>
  hub.callApi('DELETE', `/users/${username}`, asAdmin);
const createLink = (hub: TestHub, username: string) =>
  hub.callApi('POST', `/users/${username}/password-link`, asAdmin);

const listUsers = async (hub: TestHub): Promise<UserSummary[]> =>
  (await expectJson(hub.callApi('GET', '/users', asAdmin), 200, UserPage)).items;

/** Chooses a password with a link. */
const choosePassword = (url: string, password: string, confirmation = password) => {
  const { origin, searchParams } = new URL(url);
  return fetch(`${origin}/password`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token: searchParams.get('token') ?? '', password, confirmation }),
  });
};

/** Adds a user with the password `PASSWORD`, and returns a session of theirs. */
async function addSignedIn(hub: TestHub, username: string, role = 'operator') {
  await expectJson(addUser(hub, { username, role }), 201, UserSummary);
  const { url } = await expectJson(createLink(hub, username), 201, PasswordLink);
  expect((await choosePassword(url, PASSWORD)).status).toBe(303);
  return (await expectJson(signIn(hub, { username, password: PASSWORD }), 200, SessionResponse))
    .token as string;
}

const expectSignedOut = (hub: TestHub, token: string) =>
  expectError(hub.callApi('GET', '/agents', { token }), 401, 'not_authenticated');

test('a user is added, chooses a password with a link, and signs in with the role', async () => {
  await using hub = await startHubWithAdmin();
  const added = await expectJson(
    addUser(hub, { username: 'ada', role: 'viewer' }),
    201,
    UserSummary,
  );
  expect(added).toEqual({
    username: 'ada',
    role: 'viewer',
    agents: null,
    createdAt: hub.clock.now(),
    disabledAt: null,
    hasPassword: false,
    hasTwoFactor: false,
    hasSingleSignOn: false,
    lastSeenAt: null,
  });
  await expectError(signIn(hub, { username: 'ada', password: '' }), 400, 'invalid_message');
  await expectError(signIn(hub, { username: 'ada', password: 'x' }), 401, 'not_authenticated');
  const link = await expectJson(createLink(hub, 'ada'), 201, PasswordLink);
  expect(link).toEqual({
    username: 'ada',
    url: expect.stringMatching(new RegExp(`^${hub.url}/password\\?token=[\\w-]{32}$`)),
    expiresAt: hub.clock.now() + 15 * 60_000,
  });
  const chosen = await choosePassword(link.url, PASSWORD);
  expect([chosen.status, chosen.headers.get('location')]).toEqual([303, '/']);
  expect(chosen.headers.get('set-cookie')).toStartWith('signalbox=ey');
  const session = await expectJson(
    signIn(hub, { username: 'ada', password: PASSWORD }),
    200,
    SessionResponse,
  );
  expect(session).toMatchObject({ userId: 'ada', role: 'viewer' });
  expect(
    (await listUsers(hub)).map(({ username, hasPassword, lastSeenAt }) => [
      username,
      hasPassword,
      lastSeenAt,
    ]),
  ).toEqual([
    ['ada', true, hub.clock.now()],
    ['admin', true, hub.clock.now()],
  ]);
  expect(JSON.stringify(hub.logEntries)).not.toContain(
    new URL(link.url).searchParams.get('token')!,
  );
});

describe('a password link', () => {
  const cases = {
    'works once': async (_hub: TestHub, url: string) => {
      expect((await choosePassword(url, PASSWORD)).status).toBe(303);
    },
    'works for 15 minutes': (hub: TestHub) => hub.clock.advance(15 * 60_000),
    'ends with the next one': (hub: TestHub) => createLink(hub, 'ada'),
    'ends when the user is disabled': (hub: TestHub) => changeUser(hub, 'ada', { disabled: true }),
    'ends when the user is removed': (hub: TestHub) => removeUser(hub, 'ada'),
  };

  test.each(Object.entries(cases))('%s', async (_name, end) => {
    await using hub = await startHubWithAdmin();
    await addUser(hub, { username: 'ada', role: 'operator' });
    const { url } = await expectJson(createLink(hub, 'ada'), 201, PasswordLink);
    expect(await (await fetch(url)).text()).toContain('ada');
    await end(hub, url);
    expect(await (await fetch(url)).text()).toContain('Link not valid');
    expect((await choosePassword(url, OTHER_PASSWORD)).status).toBe(410);
    await expectError(
      signIn(hub, { username: 'ada', password: OTHER_PASSWORD }),
      401,
      'not_authenticated',
    );
  });

  test('used twice at once sets one password', async () => {
    await using hub = await startHubWithAdmin();
    await addUser(hub, { username: 'ada', role: 'operator' });
    const { url } = await expectJson(createLink(hub, 'ada'), 201, PasswordLink);
    const responses = await Promise.all([
      choosePassword(url, PASSWORD),
      choosePassword(url, OTHER_PASSWORD),
    ]);
    expect(responses.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 410]);
  });

  test('does not accept a short, long or mistyped password, and stays valid', async () => {
    await using hub = await startHubWithAdmin();
    await addUser(hub, { username: 'ada', role: 'operator' });
    const { url } = await expectJson(createLink(hub, 'ada'), 201, PasswordLink);
    for (const [password, confirmation] of [
      ['elevenchars', 'elevenchars'],
      ['x'.repeat(1_025), 'x'.repeat(1_025)],
      [PASSWORD, OTHER_PASSWORD],
    ] as const) {
      expect((await choosePassword(url, password, confirmation)).status).toBe(422);
    }
    expect((await choosePassword(url, PASSWORD)).status).toBe(303);
  });

  test('resets a password: the old one and the sessions end when it is used', async () => {
    await using hub = await startHubWithAdmin();
    const token = await addSignedIn(hub, 'ada');
    const { url } = await expectJson(createLink(hub, 'ada'), 201, PasswordLink);
    expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
    expect((await choosePassword(url, OTHER_PASSWORD)).status).toBe(303);
    await expectSignedOut(hub, token);
    await expectError(
      signIn(hub, { username: 'ada', password: PASSWORD }),
      401,
      'not_authenticated',
    );
    expect((await signIn(hub, { username: 'ada', password: OTHER_PASSWORD })).status).toBe(200);
  });
});

describe('the sessions and dashboards of a user end', () => {
  const changes = {
    'when the role changes': [
      (hub: TestHub) => changeUser(hub, 'ada', { role: 'viewer' }),
      'access_changed',
    ],
    'when the agents change': [
      (hub: TestHub) => changeUser(hub, 'ada', { agents: ['label:x'] }),
      'access_changed',
    ],
    'when the user is disabled': [
      (hub: TestHub) => changeUser(hub, 'ada', { disabled: true, role: 'viewer' }),
      'revoked',
    ],
    'when the user is removed': [(hub: TestHub) => removeUser(hub, 'ada'), 'revoked'],
  } as const;

  test.each(Object.entries(changes))('%s', async (_name, [change, reason]) => {
    await using hub = await startHubWithAdmin();
    const token = await addSignedIn(hub, 'ada');
    const dashboard = await connectDashboard(hub, { token });
    const other = await connectDashboard(hub, asAdmin);
    expect((await change(hub)).ok).toBe(true);
    expect(await dashboard.closed).toEqual({ code: 1008, reason });
    await expectSignedOut(hub, token);
    await other.ping();
  });

  test('but not when nothing changes', async () => {
    await using hub = await startHubWithAdmin();
    const token = await addSignedIn(hub, 'ada');
    await expectJson(
      changeUser(hub, 'ada', { role: 'operator', disabled: false }),
      200,
      UserSummary,
    );
    expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
  });
});

test('a disabled user cannot sign in until the user is enabled', async () => {
  await using hub = await startHubWithAdmin();
  await addSignedIn(hub, 'ada');
  const disabled = await expectJson(changeUser(hub, 'ada', { disabled: true }), 200, UserSummary);
  expect(disabled).toMatchObject({ disabledAt: hub.clock.now(), lastSeenAt: null });
  const body = { username: 'ada', password: PASSWORD };
  await expectError(signIn(hub, body), 401, 'not_authenticated');
  await expectError(createLink(hub, 'ada'), 403, 'forbidden');
  hub.clock.advance(1_000);
  expect(await expectJson(changeUser(hub, 'ada', { disabled: true }), 200, UserSummary)).toEqual(
    disabled,
  );
  await expectJson(changeUser(hub, 'ada', { disabled: false }), 200, UserSummary);
  expect((await signIn(hub, body)).status).toBe(200);
});

test('the only admin can be neither demoted, disabled nor removed', async () => {
  await using hub = await startHubWithAdmin();
  await addUser(hub, { username: 'ada', role: 'admin' });
  await changeUser(hub, 'ada', { disabled: true });
  const attempts = [
    () => changeUser(hub, 'admin', { role: 'operator' }),
    () => changeUser(hub, 'admin', { disabled: true }),
    () => removeUser(hub, 'admin'),
  ];
  for (const attempt of attempts) await expectError(attempt(), 409, 'last_admin');
  await changeUser(hub, 'ada', { disabled: false });
  // Two admins are removed at once: one remains.
  const results = await Promise.all([removeUser(hub, 'ada'), removeUser(hub, 'admin')]);
  expect(results.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409]);
  expect(await hub.store.users.list()).toHaveLength(1);
});

test('invalid and unknown users are rejected', async () => {
  await using hub = await startHubWithAdmin();
  for (const username of ['', 'Ada', '-a', 'a b', 'a/b', '../a', 'a'.repeat(65), 'é']) {
    await expectError(addUser(hub, { username, role: 'viewer' }), 400, 'invalid_message');
  }
  await expectError(addUser(hub, { username: 'ada', role: 'root' }), 400, 'invalid_message');
  await expectError(addUser(hub, { username: 'admin', role: 'viewer' }), 409, 'user_exists');
  await expectError(changeUser(hub, 'eve', { role: 'admin' }), 404, 'user_unknown');
  await expectError(changeUser(hub, 'admin', {}), 400, 'invalid_message');
  await expectError(changeUser(hub, 'admin', { passwordHash: 'x' }), 400, 'invalid_message');
  await expectError(removeUser(hub, 'eve'), 404, 'user_unknown');
  await expectError(createLink(hub, 'eve'), 404, 'user_unknown');
  expect(await listUsers(hub)).toHaveLength(1);
});

test('a change that cannot be stored is reported and has no effect', async () => {
  await using hub = await startHubWithAdmin();
  const token = await addSignedIn(hub, 'ada');
  hub.store.fail((call) => call.startsWith('users.'));
  await expectError(addUser(hub, { username: 'bob', role: 'viewer' }), 503, 'unavailable');
  await expectError(changeUser(hub, 'ada', { disabled: true }), 503, 'unavailable');
  await expectError(removeUser(hub, 'ada'), 503, 'unavailable');
  hub.store.clearFaults();
  expect((await hub.callApi('GET', '/agents', { token })).status).toBe(200);
  expect((await listUsers(hub)).map(({ username }) => username)).toEqual(['ada', 'admin']);
});

describe('a user changes the own password', () => {
  const change = (hub: TestHub, token: string, currentPassword: string, newPassword: string) =>
    hub.callApi('PUT', '/account/password', { token, body: { currentPassword, newPassword } });

  test('which ends the other sessions', async () => {
    await using hub = await startHubWithAdmin();
    const first = (await expectJson(signIn(hub), 200, SessionResponse)).token;
    const second = (await expectJson(signIn(hub), 200, SessionResponse)).token;
    expect((await change(hub, second, PASSWORD, OTHER_PASSWORD)).status).toBe(204);
    await expectSignedOut(hub, first);
    expect((await hub.callApi('GET', '/agents', { token: second })).status).toBe(200);
    await expectError(signIn(hub), 401, 'not_authenticated');
    expect((await signIn(hub, { username: 'admin', password: OTHER_PASSWORD })).status).toBe(200);
  });

  test('only with the current password, a few times', async () => {
    await using hub = await startHubWithAdmin();
    const { token } = await expectJson(signIn(hub), 200, SessionResponse);
    await expectError(change(hub, token, PASSWORD, 'elevenchars'), 400, 'invalid_message');
    for (let attempt = 0; attempt < 5; attempt++) {
      await expectError(change(hub, token, 'wrong', OTHER_PASSWORD), 403, 'forbidden');
    }
    await expectError(change(hub, token, PASSWORD, OTHER_PASSWORD), 429, 'rate_limited');
    hub.clock.advance(30_000);
    expect((await change(hub, token, PASSWORD, OTHER_PASSWORD)).status).toBe(204);
  });
});

test('users survive a restart, and sessions of removed users do not', async () => {
  await using hub = await startHubWithAdmin({ onDisk: true });
  const token = await addSignedIn(hub, 'ada');
  const kept = await addSignedIn(hub, 'bob', 'viewer');
  await removeUser(hub, 'ada');
  await using restarted = await hub.restart();
  await expectSignedOut(restarted, token);
  const agents = await restarted.callApi('POST', '/agents', {
    token: kept,
    body: { agentId: 'a', agentType: 'claude' },
  });
  expect(agents.status).toBe(403);
  expect(
    (await restarted.hub.accounts.list({ userId: 'root', role: 'admin', agents: null })).map(
      ({ username }) => username,
    ),
  ).toEqual(['admin', 'bob']);
});

test('the data of a removed user is erased from the history and all logs', async () => {
  await using fixture = await startHubFixture({ dashboard: { userId: 'ada' } });
  const { hub, agent, dashboard } = fixture;
  await addAdmin(hub);
  const erase = (username: string) => hub.callApi('DELETE', `/users/${username}/data`, asAdmin);
  await addUser(hub, { username: 'ada', role: 'operator' });
  await expectError(erase('ada'), 409, 'user_exists');
  const id = await fixture.startCommand('!ls');
  const { approvalId } = await requestApproval(fixture, id);
  dashboard.send({ type: 'approval:respond', approvalId, optionId: 'yes' });
  await agent.waitFor('approval:resolved');
  agent.sendFinished(id);
  await dashboard.waitForStatus(id, 'completed');
  const queued = await (
    await hub.callApi('POST', '/commands', {
      userId: 'ada',
      body: { agentId: 'agent', command: '!next' },
    })
  ).json();
  await hub.callApi('POST', '/agents/agent/tokens', { role: 'admin', userId: 'ada', body: {} });
  for (const filter of ['actor=ada', 'target=ada', 'actor=ada&target=ada']) {
    const headers = { accept: 'text/csv' };
    await (await hub.callApi('GET', `/audit?${filter}`, { ...asAdmin, headers })).text();
  }
  await removeUser(hub, 'ada');
  await dashboard.closed;
  await hub.flush();

  expect((await erase('ada')).status).toBe(204);
  expect((await erase('ada')).status).toBe(204);
  const read = async (path: string) => (await hub.callApi('GET', path, asAdmin)).text();
  for (const path of [
    `/commands/${id}`,
    `/commands/${queued.commandId}`,
    `/approvals/${approvalId}`,
    '/agents/agent/tokens',
    '/audit?limit=200',
  ]) {
    const text = await read(path);
    expect(text).toContain('deleted user');
    expect(text).not.toContain('"ada"');
  }
  const { items } = JSON.parse(await read('/audit?action=user.erased'));
  expect(items).toMatchObject([
    { actor: 'admin', target: null },
    { actor: 'admin', target: null },
  ]);
  const connections = await hub.store.connections.list(10);
  expect(connections.map(({ peer, address }) => [peer, address])).toEqual([
    ['deleted user', null],
    ['agent', '127.0.0.1'],
  ]);
});

// Single sign-on with a real OpenID Connect provider, through the routes of a real hub.
import { describe, expect, test } from 'bun:test';
import { UserPage, UserSummary } from '../../src/protocol/users.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import type { TestHub } from '../support/hub/hub.ts';
import { createWebBrowser, type WebBrowser } from '../support/web-browser.ts';
import { addAdmin, expectError, expectJson } from './helpers.ts';
import {
  expectFailure,
  locationOf,
  signInAtProvider,
  signInWith,
  startBoth,
} from './single-sign-on-helpers.ts';
import { requestPage } from './pages/helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;

/** The user that a browser is signed in as. */
async function readSession(hub: TestHub, browser: WebBrowser) {
  const token = browser.cookies(hub.url).get('signalbox') ?? null;
  return (await hub.callApi('GET', '/session', { token })).json() as Promise<
    Record<string, unknown>
  >;
}

const listUsers = async (hub: TestHub): Promise<UserSummary[]> =>
  (await expectJson(hub.callApi('GET', '/users', asAdmin), 200, UserPage)).items;

describe('a user signs in for the first time', () => {
  test.each([
    [['everyone'], 'viewer'],
    [['developers'], 'operator'],
    [['everyone', 'admins', 'developers'], 'admin'],
    [['unknown', 'everyone', '__proto__', 'constructor'], 'viewer'],
  ] as const)('with the groups %p as %s', async (groups, role) => {
    await using both = await startBoth({ s1: { preferred_username: 'Ada', groups } });
    const browser = createWebBrowser();
    const response = await signInWith(both, 's1', browser, '/login/oidc?next=%2Fhistory%3Fq%3Da');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('content="0; url=/history?q=a"');
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^signalbox=ey.*HttpOnly; SameSite=Strict; Path=\//),
      expect.stringMatching(
        /^signalbox-oidc=; HttpOnly; SameSite=Lax; Path=\/login\/oidc; Max-Age=0/,
      ),
    ]);
    expect(await readSession(both.hub, browser)).toMatchObject({ userId: 'ada', role });
    expect((await listUsers(both.hub))[0]).toMatchObject({
      username: 'ada',
      role,
      hasPassword: false,
      hasSingleSignOn: true,
    });
  });

  test.each([
    ['the email address', { email: 'Ada@Example.com', email_verified: true }, 'ada@example.com'],
    ['an address that may be verified', { email: 'ada@example.com' }, 'ada@example.com'],
    ['the username', { preferred_username: 'ada', email: 'x@example.com' }, 'ada'],
  ])('named by %s', async (_what, claims, username) => {
    await using both = await startBoth({ s1: { ...claims, groups: ['everyone'] } });
    const browser = createWebBrowser();
    expect((await signInWith(both, 's1', browser)).status).toBe(200);
    expect(await readSession(both.hub, browser)).toMatchObject({ userId: username });
  });

  test('with the default role, and a group that is not a list', async () => {
    const accounts = {
      s1: { preferred_username: 'ada' },
      s2: { preferred_username: 'bob', groups: 'admins' },
    };
    await using both = await startBoth(accounts, { settings: { defaultRole: 'viewer' } });
    expect((await signInWith(both, 's1')).status).toBe(200);
    expect((await signInWith(both, 's2')).status).toBe(200);
    expect((await listUsers(both.hub)).map(({ username, role }) => [username, role])).toEqual([
      ['ada', 'viewer'],
      ['admin', 'admin'],
      ['bob', 'admin'],
    ]);
  });
});

describe('a user is not signed in', () => {
  test.each([
    ['without a group', { preferred_username: 'ada' }, 'not in a group'],
    ['with other groups only', { preferred_username: 'ada', groups: ['others'] }, 'not in a group'],
    ['without a name', { groups: ['admins'] }, 'cannot be used as a username'],
    ['with an invalid name', { preferred_username: 'a b', groups: ['admins'] }, 'cannot be used'],
    [
      'with an address that is not verified',
      { email: 'ada@example.com', email_verified: false, groups: ['admins'] },
      'cannot be used as a username',
    ],
    [
      'with the name of a local user',
      { preferred_username: 'admin', groups: ['admins'] },
      'Another account',
    ],
  ])('%s', async (_why, claims, message) => {
    await using both = await startBoth({ s1: claims });
    expect(await expectFailure(signInWith(both, 's1'), 403)).toContain(message);
    expect((await listUsers(both.hub)).map(({ username }) => username)).toEqual(['admin']);
  });

  test('with the name of another user of the provider', async () => {
    const claims = { preferred_username: 'ada', groups: ['everyone'] };
    await using both = await startBoth({ s1: claims, s2: claims });
    expect((await signInWith(both, 's1')).status).toBe(200);
    expect(await expectFailure(signInWith(both, 's2'), 403)).toContain('Another account');
    await both.hub.callApi('DELETE', '/users/ada', asAdmin);
    expect((await signInWith(both, 's2')).status).toBe(200);
  });

  test('while disabled', async () => {
    await using both = await startBoth({ s1: { preferred_username: 'ada', groups: ['everyone'] } });
    const browser = createWebBrowser();
    await signInWith(both, 's1', browser);
    const change = (disabled: boolean) =>
      both.hub.callApi('PATCH', '/users/ada', { ...asAdmin, body: { disabled } });
    await expectJson(change(true), 200, UserSummary);
    expect(await readSession(both.hub, browser)).toMatchObject({
      error: { code: 'not_authenticated' },
    });
    expect(await expectFailure(signInWith(both, 's1'), 403)).toContain('is disabled');
    await expectJson(change(false), 200, UserSummary);
    expect((await signInWith(both, 's1')).status).toBe(200);
  });

  test('before the hub is set up', async () => {
    await using both = await startBoth({ s1: { preferred_username: 'ada', groups: ['admins'] } });
    await both.hub.store.users.remove('admin');
    expect(await expectFailure(signInWith(both, 's1'), 403)).toContain('setup link');
    await addAdmin(both.hub);
    expect((await signInWith(both, 's1')).status).toBe(200);
  });

  test('who cancels at the provider', async () => {
    await using both = await startBoth({});
    const browser = createWebBrowser();
    const started = new URL(locationOf(await browser.get(`${both.hub.url}/login/oidc`)));
    const state = started.searchParams.get('state');
    const iss = encodeURIComponent(both.provider.issuer);
    const callback = `${both.hub.url}/login/oidc/callback?error=access_denied&state=${state}&iss=${iss}`;
    expect(await expectFailure(browser.get(callback), 400)).toContain(
      'Company SSO did not sign you in',
    );
  });

  test('while the disk fails', async () => {
    await using both = await startBoth({ s1: { preferred_username: 'ada', groups: ['everyone'] } });
    both.hub.store.fail((call) => call === 'users.insert');
    expect(await expectFailure(signInWith(both, 's1'), 503)).toContain('Could not save');
  });
});

test('the role follows the groups at every sign-in, and another role ends the sessions', async () => {
  const account = { preferred_username: 'ada', groups: ['developers'] };
  await using both = await startBoth({ s1: account });
  const { hub } = both;
  const browser = createWebBrowser();
  await signInWith(both, 's1', browser);
  const token = browser.cookies(hub.url).get('signalbox')!;
  const dashboard = await connectDashboard(hub, { token });
  await signInWith(both, 's1');
  await dashboard.ping();

  account.groups = ['everyone'];
  account.preferred_username = 'renamed';
  const next = createWebBrowser();
  await signInWith(both, 's1', next);
  expect(await readSession(hub, next)).toMatchObject({ userId: 'ada', role: 'viewer' });
  expect(await dashboard.closed).toEqual({ code: 1008, reason: 'access_changed' });
  await expectError(hub.callApi('GET', '/agents', { token }), 401, 'not_authenticated');

  const created = await hub.callApi('POST', '/account/tokens', {
    token: next.cookies(hub.url).get('signalbox')!,
    body: { name: 'ci', scope: 'viewer', expiresAt: hub.clock.now() + 86_400_000 },
  });
  const apiToken = (await created.json()).token as string;
  expect((await hub.callApi('GET', '/agents', { token: apiToken })).status).toBe(200);
  account.groups = [];
  await expectFailure(signInWith(both, 's1'), 403);
  await expectError(hub.callApi('GET', '/agents', { token: apiToken }), 401, 'not_authenticated');
  expect(await readSession(hub, next)).toMatchObject({ error: { code: 'not_authenticated' } });
  const { items } = await hub.store.audit.listPage({ actor: 'ada' });
  const entries = items.map(({ action, detail }) => [action, detail] as const);
  const method = 'single sign-on';
  expect(entries).toContainEqual(['user.added', { role: 'operator', method }]);
  expect(entries).toContainEqual(['user.changed', { role: 'viewer' }]);
  expect(entries).toContainEqual(['session.failed', { method }]);
});

test('the provider manages role and password, and its admins do not replace the last local one', async () => {
  await using both = await startBoth({ s1: { preferred_username: 'ada', groups: ['admins'] } });
  await signInWith(both, 's1');
  const call = (method: string, path: string, body?: unknown) =>
    both.hub.callApi(method, path, { ...asAdmin, body });
  await expectError(call('PATCH', '/users/ada', { role: 'viewer' }), 403, 'forbidden');
  await expectError(call('POST', '/users/ada/password-link'), 403, 'forbidden');
  expect(await expectError(call('DELETE', '/users/admin'), 409, 'last_admin')).toContain(
    '"admin" is the only admin without single sign-on.',
  );
  const dialog = await (await requestPage(both.hub, '/users/ada/manage', asAdmin)).text();
  expect(dialog).not.toContain('password-link');
  expect(dialog).not.toContain('type="radio"');
  const access = { role: 'admin', agents: 'label:team' };
  const changed = await requestPage(both.hub, '/users/ada/access', { ...asAdmin, form: access });
  expect(await changed.text()).toContain('Access changed.');
  const asAda = { role: 'admin', userId: 'ada' } as const;
  const account = await (await requestPage(both.hub, '/account', asAda)).text();
  expect(account).toContain('Your identity provider manages');
  expect(account).not.toContain('Change password');
  expect(await (await requestPage(both.hub, '/users', asAdmin)).text()).toContain(
    '>Single sign-on<',
  );
  const setup = await requestPage(both.hub, '/account/two-factor/setup', { ...asAda, form: {} });
  expect(setup.status).toBe(422);
  expect((await call('DELETE', '/users/ada')).status).toBe(204);
});

describe('a callback is rejected', () => {
  const EXPIRED = 'has expired, was already used, or was started in another browser';
  const start = () => startBoth({ s1: { preferred_username: 'ada', groups: ['admins'] } });

  test('with another state', async () => {
    await using both = await start();
    const browser = createWebBrowser();
    const callback = new URL(await signInAtProvider(both, 's1', { browser }));
    callback.searchParams.set('state', 'forged');
    expect(await expectFailure(browser.get(callback.href), 400)).toContain(EXPIRED);
    expect(await expectFailure(browser.get(`${both.hub.url}/login/oidc/callback`), 400)).toContain(
      EXPIRED,
    );
  });

  test('the second time', async () => {
    await using both = await start();
    const browser = createWebBrowser();
    const callback = await signInAtProvider(both, 's1', { browser });
    const cookie = browser.cookies(both.hub.url).get('signalbox-oidc')!;
    expect((await browser.get(callback)).status).toBe(200);
    browser.cookies(both.hub.url).set('signalbox-oidc', cookie);
    expect(await expectFailure(browser.get(callback), 400)).toContain(EXPIRED);
  });

  test('in another browser', async () => {
    await using both = await start();
    const callback = await signInAtProvider(both, 's1');
    const other = createWebBrowser();
    await other.get(`${both.hub.url}/login/oidc`);
    expect(await expectFailure(other.get(callback), 400)).toContain(EXPIRED);
  });

  test('after 10 minutes', async () => {
    await using both = await start();
    const browser = createWebBrowser();
    const callback = await signInAtProvider(both, 's1', { browser });
    both.hub.clock.advance(10 * 60_000);
    expect(await expectFailure(browser.get(callback), 400)).toContain(EXPIRED);
  });

  const setParameter = (name: string, value: string) => (url: string) => {
    const changed = new URL(url);
    changed.searchParams.set(name, value);
    return changed.href;
  };
  test.each([
    ['nonce', setParameter('nonce', 'forged')],
    ['code challenge', setParameter('code_challenge', 'x'.repeat(43))],
  ])('with another %s', async (_what, change) => {
    await using both = await start();
    const browser = createWebBrowser();
    const callback = await signInAtProvider(both, 's1', { browser, change });
    expect(await expectFailure(browser.get(callback), 400)).toContain('did not sign you in');
    expect(await listUsers(both.hub)).toHaveLength(1);
  });

  test.each([
    ['code', 'forged'],
    ['iss', 'https://evil.example'],
  ])('with another %s', async (name, value) => {
    await using both = await start();
    const browser = createWebBrowser();
    const callback = setParameter(name, value)(await signInAtProvider(both, 's1', { browser }));
    expect(await expectFailure(browser.get(callback), 400)).toContain('did not sign you in');
    expect(JSON.stringify(both.hub.logEntries)).not.toContain(both.provider.clientSecret);
  });
});

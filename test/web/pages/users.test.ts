// The pages of the users and of the own account, with their forms.
import { expect, test } from 'bun:test';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { PASSWORD, signIn, startHubWithAdmin } from '../helpers.ts';
import { requestPage } from './helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;

const submit = (hub: TestHub, path: string, form: Record<string, string> = {}) =>
  requestPage(hub, path, { ...asAdmin, form });

test('a user is added in the dialog, which shows the password link once', async () => {
  await using hub = await startHubWithAdmin();
  const added = await submit(hub, '/users', { username: ' ada ', role: 'viewer' });
  expect([added.status, added.headers.get('hx-trigger')]).toEqual([200, 'signalbox:refresh']);
  const [url = ''] = /http[^<]+\/password\?token=[\w-]+/.exec(await added.text()) ?? [];
  expect(await (await fetch(url)).text()).toContain('Choose a password');
  const list = await (await requestPage(hub, '/users', asAdmin)).text();
  expect(list).toContain('Invited, no password yet');
  expect(list).not.toContain('token=');
  for (const [form, error] of [
    [{ username: 'ada', role: 'viewer' }, 'already exists'],
    [{ username: 'Ada Lovelace', role: 'viewer' }, 'A username must start with'],
  ] as const) {
    const rejected = await submit(hub, '/users', form);
    expect(rejected.status).toBe(422);
    expect(await rejected.text()).toContain(error);
  }
  expect((await submit(hub, '/users', { username: 'bob', role: 'root' })).status).toBe(422);
});

test('the dialog of a user changes the role, disables, enables and removes', async () => {
  await using hub = await startHubWithAdmin();
  await hub.addAgent('build');
  await submit(hub, '/users', { username: 'ada', role: 'viewer' });
  const manage = async (action: string, form = {}) => {
    const response = await submit(hub, `/users/ada/${action}`, form);
    return [response.status, await response.text()] as const;
  };
  expect((await manage('access', { role: 'operator', agents: 'build, label:x' }))[1]).toMatch(
    /Access changed\..*build, label:x/s,
  );
  expect((await manage('access', { role: 'viewer', agents: 'a/b' }))[0]).toBe(422);
  expect((await manage('password-link'))[1]).toContain('/password?token=');
  expect((await manage('disable'))[1]).toContain('Disabled and signed out everywhere.');
  const [status, text] = await manage('password-link');
  expect(status).toBe(403);
  expect(text).toContain('Enable the user first.');
  expect((await manage('enable'))[1]).toContain('Enabled.');
  const removed = await submit(hub, '/users/ada/remove');
  expect([removed.status, removed.headers.get('location')]).toEqual([303, '/users']);
  expect((await manage('disable'))[0]).toBe(422);
  const last = await submit(hub, '/users/admin/remove');
  expect(last.status).toBe(422);
  expect(await last.text()).toContain('is the only admin');
});

test('the agents of a user are checked at their field, and listed', async () => {
  await using hub = await startHubWithAdmin();
  await hub.addAgent('local');
  const ada = { username: 'ada', role: 'viewer' };
  for (const [agents, error] of [
    ['local, locl', 'There is no agent locl.'],
    ['a/b', 'List agents as IDs or as label:NAME'],
  ] as const) {
    for (const path of ['/users', '/users/bob/access']) {
      await submit(hub, '/users', { username: 'bob', role: 'operator', agents: 'label:team-a' });
      const rejected = await submit(hub, path, { ...ada, agents });
      const form = await rejected.text();
      expect([rejected.status, form]).toEqual([
        422,
        expect.stringMatching(new RegExp(`id="agents-error"[^>]*>${error}`)),
      ]);
      expect(form).toContain(`value="${agents}"`);
      expect(form).toMatch(/value="viewer" checked/);
    }
  }
  await submit(hub, '/users', { ...ada, agents: 'local label:team-b' });
  const list = await (await requestPage(hub, '/users', asAdmin)).text();
  expect(list.match(/Agents: [^<]*/g)).toEqual([
    'Agents: local, label:team-b',
    'Agents: label:team-a',
  ]);
});

test('the list says when others were last seen, and "Now" for the own user', async () => {
  await using hub = await startHubWithAdmin();
  await submit(hub, '/users', { username: 'ada', role: 'viewer' });
  await hub.store.users.update('ada', { passwordHash: 'x' });
  await hub.startSession('viewer', 'ada');
  const list = await (await requestPage(hub, '/users', asAdmin)).text();
  const states = [...list.matchAll(/"user-state">([^<]*)</g)].map(([, state]) => state);
  expect(states).toEqual(['Last seen ', 'Now']);
});

test('changing the access of a user says whether the user was signed out', async () => {
  await using hub = await startHubWithAdmin();
  await submit(hub, '/users', { username: 'ada', role: 'viewer' });
  const change = async (role: string) =>
    (await submit(hub, '/users/ada/access', { role, agents: '' })).text();
  expect(await change('operator')).not.toContain('signed out.');
  await hub.startSession('operator', 'ada');
  expect(await change('operator')).not.toContain('signed out.');
  expect(await change('viewer')).toContain('Access changed. ada was signed out.');
});

test('a page that a role cannot open explains why', async () => {
  await using hub = await startTestHub();
  const page = await requestPage(hub, '/users', { role: 'operator' });
  expect(page.status).toBe(403);
  expect(await page.text()).toContain('Your role is operator; this requires the role admin.');
  const headers = { 'hx-request': 'true' };
  const fragment = await requestPage(hub, '/users/list', { role: 'operator', headers });
  expect(fragment.status).toBe(403);
  expect(await fragment.text()).toStartWith('<p class="notice notice-error"');
  const home = await (await requestPage(hub, '/', { role: 'operator' })).text();
  expect(home).not.toContain('href="/users"');
});

test('the account page lists the sessions, and ends one or all of them', async () => {
  await using hub = await startHubWithAdmin();
  await signIn(hub);
  const page = await (await requestPage(hub, '/account', asAdmin)).text();
  const ids = [...page.matchAll(/hx-post="\/account\/sessions\/([\w-]{36})\/end"/g)];
  expect(ids).toHaveLength(1);
  expect(page).toContain('Command line');
  expect(page).toContain('This session');
  const list = await (await submit(hub, `/account/sessions/${ids[0]?.[1]}/end`)).text();
  expect(list).not.toContain('Command line');
  const all = await submit(hub, '/account/sessions/end');
  expect(all.headers.get('location')).toBe('/login');
  expect((await requestPage(hub, '/account', asAdmin)).headers.get('location')).toBe(
    '/login?next=%2Faccount',
  );
});

test('the account page changes the password', async () => {
  await using hub = await startHubWithAdmin();
  const change = async (form: Record<string, string>) => {
    const response = await submit(hub, '/account/password', form);
    return [response.status, await response.text()] as const;
  };
  const password = 'a new long password';
  const valid = { currentPassword: PASSWORD, password, confirmation: password };
  for (const [form, status, text] of [
    [{ password: 'elevenchars', confirmation: 'elevenchars' }, 422, 'at least 12 characters'],
    [{ confirmation: 'another one' }, 422, 'do not match'],
    [{ currentPassword: 'wrong' }, 403, 'current password is incorrect'],
    [{}, 200, 'Password changed.'],
  ] as const) {
    const result = await change({ ...valid, ...form });
    expect(result).toEqual([status, expect.stringContaining(text)]);
    expect(result[1]).not.toContain(PASSWORD);
  }
});

// Two-factor sign-in: set up on the account page, then required on the sign-in page and by the API.
import { describe, expect, test } from 'bun:test';
import { SessionResponse } from '../../src/protocol/api.ts';
import { PasswordLink, UserPage, UserSummary } from '../../src/protocol/users.ts';
import type { TestHub } from '../support/hub/hub.ts';
import { createCode } from '../support/one-time-code.ts';
import {
  addAdmin,
  expectError,
  expectJson,
  PASSWORD,
  signIn,
  startHubWithAdmin,
} from './helpers.ts';
import { requestPage } from './pages/helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;
const STEP_MS = 30_000;

const submit = (hub: TestHub, path: string, form: Record<string, string> = {}) =>
  requestPage(hub, path, { ...asAdmin, form });

/** Sets two-factor sign-in up for the admin. */
async function setUp(hub: TestHub) {
  const page = await (await submit(hub, '/account/two-factor/setup')).text();
  const [, key = ''] = /aria-label="Key">([A-Z2-7 ]+)</.exec(page) ?? [];
  const secret = key.replaceAll(' ', '');
  /** The code of the app. @param steps how many steps later */
  const code = (steps = 0) => createCode(secret, hub.clock.now() + steps * STEP_MS);
  const on = await submit(hub, '/account/two-factor', { code: code() });
  expect(on.status).toBe(200);
  const recoveryCodes = [...(await on.text()).matchAll(/[a-z2-7]{4}(-[a-z2-7]{4}){3}/g)].map(
    ([text]) => text,
  );
  // The code that confirmed the setup has been used.
  hub.clock.advance(STEP_MS);
  return { secret, code, recoveryCodes, page };
}

async function startHubWithTwoFactor(options = {}) {
  const hub = await startHubWithAdmin(options);
  return Object.assign(hub, { authenticator: await setUp(hub) });
}

const withCode = (hub: TestHub, code: string) =>
  signIn(hub, { username: 'admin', password: PASSWORD, code });
const expectIncorrect = async (response: Promise<Response>) =>
  expect(await expectError(response, 401, 'not_authenticated')).toBe('Incorrect code.');

/** Enters the password on the sign-in page. Returns the token of the second step. */
async function beginSignIn(hub: TestHub, form: Record<string, string> = {}): Promise<string> {
  const body = { username: 'admin', password: PASSWORD, ...form };
  const response = await requestPage(hub, '/login', { form: body });
  expect([response.status, response.headers.get('set-cookie')]).toEqual([200, null]);
  return readToken(await response.text());
}

const readToken = (page: string) => /name="token" value="([\w-]{32})"/.exec(page)?.[1] ?? '';

const enterCode = (hub: TestHub, token: string, code: string, next = '/history') =>
  requestPage(hub, '/login', { form: { token, code, next } });

describe('the setup', () => {
  test('shows the key and a QR code, and turns on only after a correct code', async () => {
    await using hub = await startHubWithAdmin();
    expect(await (await requestPage(hub, '/account', asAdmin)).text()).toContain(
      'Set up two-factor sign-in',
    );
    const page = await (await submit(hub, '/account/two-factor/setup')).text();
    expect(page).toContain('<svg class="qr-code"');
    expect(page).not.toContain('style=');
    const wrong = await submit(hub, '/account/two-factor', { code: '000000' });
    expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('Incorrect')]);
    expect((await signIn(hub)).status).toBe(200);

    const { recoveryCodes } = await setUp(hub);
    expect(recoveryCodes).toHaveLength(10);
    await expectError(signIn(hub), 401, 'code_required');
    const account = await (await requestPage(hub, '/account', asAdmin)).text();
    expect(account).toContain('Recovery codes left: <b>10</b>');
    expect(account).not.toContain(recoveryCodes[0]!);
    const stored = JSON.stringify(await hub.store.users.find('admin'));
    expect(recoveryCodes.filter((code) => stored.includes(code))).toEqual([]);
    const { items } = await expectJson(hub.callApi('GET', '/users', asAdmin), 200, UserPage);
    expect(items[0]).toMatchObject({ username: 'admin', hasTwoFactor: true });
    expect(await (await requestPage(hub, '/users', asAdmin)).text()).toContain('>Two-factor<');
  });

  test('ends after 15 minutes, and cannot be repeated while it is on', async () => {
    await using hub = await startHubWithAdmin();
    await submit(hub, '/account/two-factor/setup');
    hub.clock.advance(15 * 60_000);
    const late = await submit(hub, '/account/two-factor', { code: '000000' });
    expect([late.status, await late.text()]).toEqual([422, expect.stringContaining('expired')]);
    const { code } = await setUp(hub);
    for (const path of ['/account/two-factor/setup', '/account/two-factor']) {
      expect((await submit(hub, path, { code: code() })).status).toBe(422);
    }
    expect((await withCode(hub, code())).status).toBe(200);
  });

  test('is for users with a password', async () => {
    await using hub = await startHubWithAdmin();
    const ghost = { role: 'viewer', userId: 'ghost', form: {} } as const;
    expect((await requestPage(hub, '/account/two-factor/setup', ghost)).status).toBe(422);
  });

  test('a failing disk turns nothing on', async () => {
    await using hub = await startHubWithAdmin();
    const page = await (await submit(hub, '/account/two-factor/setup')).text();
    const [, key = ''] = /aria-label="Key">([A-Z2-7 ]+)</.exec(page) ?? [];
    const code = createCode(key.replaceAll(' ', ''), hub.clock.now());
    hub.store.fail((call) => call === 'users.update');
    const failed = await submit(hub, '/account/two-factor', { code });
    expect([failed.status, await failed.text()]).toEqual([
      422,
      expect.stringContaining('Could not save the change.'),
    ]);
    expect((await hub.store.users.find('admin'))?.twoFactor).toBeNull();
  });
});

describe('the API', () => {
  test('accepts each code once, at most one step early or late', async () => {
    await using hub = await startHubWithTwoFactor();
    const { code } = hub.authenticator;
    hub.clock.advance(10 * STEP_MS);
    await expectIncorrect(withCode(hub, code(-2)));
    await expectIncorrect(withCode(hub, code(2)));
    const session = await expectJson(withCode(hub, code()), 200, SessionResponse);
    expect(session).toMatchObject({ userId: 'admin', role: 'admin' });
    await expectIncorrect(withCode(hub, code()));
    // An earlier code is not accepted after a later one.
    await expectIncorrect(withCode(hub, code(-1)));
    expect((await withCode(hub, code(1))).status).toBe(200);
  });

  test('accepts one of many equal codes at once', async () => {
    await using hub = await startHubWithTwoFactor();
    const code = hub.authenticator.code();
    const statuses = (await Promise.all([1, 2, 3].map(() => withCode(hub, code)))).map(
      ({ status }) => status,
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401, 401]);
  });

  test('does not accept a used code after a restart', async () => {
    const first = await startHubWithAdmin({ onDisk: true });
    const { code } = await setUp(first);
    expect((await withCode(first, code())).status).toBe(200);
    await using hub = await first.restart();
    await expectIncorrect(withCode(hub, code()));
    expect((await withCode(hub, code(1))).status).toBe(200);
  });

  test('accepts each recovery code once', async () => {
    await using hub = await startHubWithTwoFactor();
    const [first = '', second = ''] = hub.authenticator.recoveryCodes;
    expect((await withCode(hub, first)).status).toBe(200);
    await expectIncorrect(withCode(hub, first));
    expect((await withCode(hub, ` ${second.toUpperCase()}`)).status).toBe(200);
    expect(await (await requestPage(hub, '/account', asAdmin)).text()).toContain('left: <b>8</b>');
  });

  test('reveals nothing without the correct password', async () => {
    await using hub = await startHubWithTwoFactor();
    const body = { username: 'admin', password: 'wrong', code: hub.authenticator.code() };
    expect(await expectError(signIn(hub, body), 401, 'not_authenticated')).toBe(
      'Incorrect username or password.',
    );
    await expectError(signIn(hub, { ...body, code: 'x'.repeat(65) }), 400, 'invalid_message');
    expect((await withCode(hub, hub.authenticator.code())).status).toBe(200);
  });

  test('ignores a code that the user does not need', async () => {
    await using hub = await startHubWithAdmin();
    expect((await withCode(hub, 'any')).status).toBe(200);
  });

  test('limits codes per user, from all addresses together', async () => {
    await using hub = await startHubWithTwoFactor({ trustedProxies: ['127.0.0.1'] });
    const from = (address: string, body: Record<string, string>) =>
      hub.callApi('POST', '/session', {
        token: null,
        body: { username: 'admin', password: PASSWORD, ...body },
        headers: { 'x-forwarded-for': address },
      });
    for (let i = 0; i < 10; i++) await expectIncorrect(from(`192.0.2.${i}`, { code: '000000' }));
    const code = hub.authenticator.code();
    await expectError(from('192.0.2.50', { code }), 429, 'rate_limited');
    // Wrong passwords do not count: strangers cannot lock the user out.
    hub.clock.advance(300_000);
    for (let i = 0; i < 20; i++) {
      const wrong = from(`192.0.2.${i}`, { password: 'wrong', code: '000000' });
      await expectError(wrong, 401, 'not_authenticated');
    }
    expect((await from('192.0.2.50', { code: hub.authenticator.code() })).status).toBe(200);
  });
});

describe('the sign-in page', () => {
  test('asks for the code after the password, and continues to the page', async () => {
    await using hub = await startHubWithTwoFactor();
    const token = await beginSignIn(hub);
    const wrong = await enterCode(hub, token, '000000');
    const page = await wrong.text();
    expect([wrong.status, page]).toEqual([401, expect.stringContaining('Incorrect code.')]);
    expect(readToken(page)).toBe(token);
    expect(page).not.toContain('admin');
    const done = await enterCode(hub, token, hub.authenticator.code());
    expect([done.status, done.headers.get('location')]).toEqual([303, '/history']);
    expect(done.headers.get('set-cookie')).toStartWith('signalbox=ey');
    expect((await enterCode(hub, token, hub.authenticator.code(1))).status).toBe(401);
    const open = await enterCode(
      hub,
      await beginSignIn(hub),
      hub.authenticator.code(1),
      'https://evil.example',
    );
    expect(open.headers.get('location')).toBe('/');
  });

  test('asks for the password again after the fifth wrong code', async () => {
    await using hub = await startHubWithTwoFactor({ trustedProxies: ['127.0.0.1'] });
    const token = await beginSignIn(hub);
    const enter = (code: string, i: number) =>
      requestPage(hub, '/login', {
        form: { token, code },
        headers: { 'x-forwarded-for': `192.0.2.${i}` },
      });
    for (let i = 0; i < 4; i++) {
      expect(await (await enter('000000', i)).text()).toContain('Incorrect code.');
    }
    for (const code of ['000000', hub.authenticator.code()]) {
      const ended = await enter(code, 9);
      expect(ended.status).toBe(401);
      const page = await ended.text();
      expect(page).toContain('This sign-in has ended. Sign in again.');
      expect(page).toContain('name="password"');
    }
  });

  test('counts codes as sign-in attempts of the address', async () => {
    await using hub = await startHubWithTwoFactor();
    const token = await beginSignIn(hub);
    for (let i = 0; i < 4; i++) expect((await enterCode(hub, token, '000000')).status).toBe(401);
    const limited = await enterCode(hub, token, hub.authenticator.code());
    expect(limited.status).toBe(429);
    expect(readToken(await limited.text())).toBe(token);
    expect((await requestPage(hub, '/login', { form: { username: 'admin' } })).status).toBe(429);
    hub.clock.advance(30_000);
    expect((await enterCode(hub, token, hub.authenticator.code())).status).toBe(303);
  });

  test('finishes a second step once, and keeps the recovery codes that it does not need', async () => {
    await using hub = await startHubWithTwoFactor();
    const token = await beginSignIn(hub);
    const { recoveryCodes } = hub.authenticator;
    const responses = await Promise.all(
      recoveryCodes.slice(0, 3).map((code) => enterCode(hub, token, code)),
    );
    expect(responses.filter(({ headers }) => headers.has('set-cookie'))).toHaveLength(1);
    expect(await (await requestPage(hub, '/account', asAdmin)).text()).toContain('left: <b>9</b>');
  });

  const ends = {
    'after 5 minutes': (hub: TestHub) => hub.clock.advance(5 * 60_000),
    'when the user is disabled': async (hub: TestHub) => {
      await hub.store.users.insert({ ...(await hub.store.users.find('admin'))!, id: 'other' });
      const actor = { userId: 'other', role: 'admin', agents: null } as const;
      await hub.hub.accounts.change(actor, 'admin', { disabled: true });
    },
    'when the password changes': (hub: TestHub) =>
      submit(hub, '/account/password', {
        currentPassword: PASSWORD,
        password: 'another long password',
        confirmation: 'another long password',
      }),
    'when two-factor sign-in is turned off': (hub: TestHub) =>
      submit(hub, '/users/admin/reset-two-factor'),
  };

  test.each(Object.entries(ends))('ends the second step %s', async (_when, end) => {
    await using hub = await startHubWithTwoFactor();
    const token = await beginSignIn(hub);
    await end(hub);
    const ended = await enterCode(hub, token, hub.authenticator.code());
    expect([ended.status, await ended.text()]).toEqual([
      401,
      expect.stringContaining('This sign-in has ended.'),
    ]);
  });
});

test('a password link sets the password, and still asks for the code', async () => {
  await using hub = await startHubWithTwoFactor();
  const { url } = await expectJson(
    hub.callApi('POST', '/users/admin/password-link', asAdmin),
    201,
    PasswordLink,
  );
  const link = new URL(url).searchParams.get('token') ?? '';
  const password = 'another long password';
  const chosen = await requestPage(hub, '/password', {
    form: { token: link, password, confirmation: password },
  });
  expect([chosen.status, chosen.headers.get('set-cookie')]).toEqual([200, null]);
  const codePage = await chosen.text();
  expect(codePage).toContain('action="/login"');
  const token = readToken(codePage);
  const done = await enterCode(hub, token, hub.authenticator.code(), '');
  expect([done.status, done.headers.get('location')]).toEqual([303, '/']);
  await expectError(signIn(hub, { username: 'admin', password }), 401, 'code_required');
});

describe('two-factor sign-in is turned off', () => {
  test('by the user, with the password and a code', async () => {
    await using hub = await startHubWithTwoFactor();
    const off = async (currentPassword: string, code: string) => {
      const form = { currentPassword, code };
      const response = await submit(hub, '/account/two-factor/off', form);
      return [response.status, await response.text()] as const;
    };
    const incorrect: [number, string] = [
      422,
      expect.stringContaining('password or the code is incorrect'),
    ];
    expect(await off('wrong', hub.authenticator.code())).toEqual(incorrect);
    expect(await off(PASSWORD, '000000')).toEqual(incorrect);
    expect(await off(PASSWORD, '')).toEqual(incorrect);
    await expectError(signIn(hub), 401, 'code_required');
    expect(await off(PASSWORD, hub.authenticator.code())).toEqual([
      200,
      expect.stringContaining('Two-factor sign-in is off.'),
    ]);
    expect((await signIn(hub)).status).toBe(200);
    expect((await hub.store.users.find('admin'))?.twoFactor).toBeNull();
  });

  test('by the user, with limited attempts', async () => {
    await using hub = await startHubWithTwoFactor();
    const form = { currentPassword: 'wrong', code: '000000' };
    for (let i = 0; i < 5; i++) {
      expect((await submit(hub, '/account/two-factor/off', form)).status).toBe(422);
    }
    expect((await submit(hub, '/account/two-factor/off', form)).status).toBe(429);
  });

  test('by an admin, who cannot turn it on', async () => {
    await using hub = await startHubWithTwoFactor();
    const change = (twoFactor: boolean) =>
      hub.callApi('PATCH', '/users/admin', { ...asAdmin, body: { twoFactor } });
    await expectError(change(true), 400, 'invalid_message');
    const dialog = await (await requestPage(hub, '/users/admin/manage', asAdmin)).text();
    expect(dialog).toContain('Turn off two-factor');
    const user = await expectJson(change(false), 200, UserSummary);
    expect(user).toMatchObject({ username: 'admin', hasTwoFactor: false });
    expect((await signIn(hub)).status).toBe(200);
  });
});

test('the audit log records changes and wrong codes, and no codes', async () => {
  await using hub = await startHubWithTwoFactor();
  await expectIncorrect(withCode(hub, '000000'));
  await submit(hub, '/users/admin/reset-two-factor');
  const { items } = await hub.store.audit.listPage({ actor: 'admin' });
  const entries = items.map(({ action, detail }) => [action, detail] as const);
  expect(entries).toContainEqual(['user.changed', { twoFactor: true }]);
  expect(entries).toContainEqual(['session.failed', { step: 'code' }]);
  expect(entries).toContainEqual(['user.changed', { twoFactor: false }]);
  expect(JSON.stringify(items)).not.toContain('000000');
});

test('an account of an earlier version has it off', async () => {
  await using hub = await startHubWithAdmin({ onDisk: true });
  await hub.store.users.remove('admin');
  await addAdmin(hub);
  expect((await hub.store.users.find('admin'))?.twoFactor).toBeNull();
});

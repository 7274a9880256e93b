// Authentication: sign-in, sessions and the setup link.
import { describe, expect, test } from 'bun:test';
import { SessionResponse } from '../../src/protocol/api.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../support/hub/hub.ts';
import { expectError, expectJson, PASSWORD, signIn, startHubWithAdmin } from './helpers.ts';

describe('signing in', () => {
  test('returns a token for 12 hours, also as a cookie', async () => {
    await using hub = await startHubWithAdmin();
    const response = await signIn(hub);
    const cookie = response.headers.get('set-cookie') ?? '';
    const session = await expectJson(response, 200, SessionResponse);
    expect(session).toMatchObject({
      userId: 'admin',
      role: 'admin',
      expiresAt: hub.clock.now() + 12 * 3_600_000,
    });
    expect(cookie.split('; ').toSorted()).toEqual([
      'HttpOnly',
      'Max-Age=43200',
      'Path=/',
      'SameSite=Strict',
      `signalbox=${session.token}`,
    ]);
    for (const headers of [
      { authorization: `Bearer ${session.token}` },
      { authorization: `bearer ${session.token}` },
      { cookie: `other=1; signalbox=${session.token}` },
    ]) {
      expect(
        (await hub.callApi('GET', '/agents', { token: null, headers: { ...headers } })).status,
      ).toBe(200);
    }
  });

  test('sets a Secure cookie if the public URL is HTTPS', async () => {
    await using hub = await startHubWithAdmin({ publicUrl: 'https://signalbox.example' });
    expect((await signIn(hub)).headers.get('set-cookie')).toContain('; Secure');
  });

  test.each([
    ['a wrong password', { username: 'admin', password: 'wrong' }, 401, 'not_authenticated'],
    ['an unknown username', { username: 'nobody', password: PASSWORD }, 401, 'not_authenticated'],
    ['no password', { username: 'admin' }, 400, 'invalid_message'],
    ['an empty username', { username: '', password: 'x' }, 400, 'invalid_message'],
    [
      'a password longer than 1,024 characters',
      { username: 'admin', password: 'x'.repeat(1025) },
      400,
      'invalid_message',
    ],
    ['invalid JSON', '{"username"', 400, 'invalid_message'],
    ['an array', [], 400, 'invalid_message'],
  ])('with %s fails', async (_name, body, status, code) => {
    await using hub = await startHubWithAdmin();
    const response = await signIn(hub, body);
    expect(response.headers.get('set-cookie')).toBeNull();
    const message = await expectError(response, status, code);
    expect(message).not.toContain(PASSWORD);
  });

  test('is limited after five wrong passwords, for that username only', async () => {
    await using hub = await startHubWithAdmin();
    const wrong = { username: 'admin', password: 'wrong' };
    for (let i = 0; i < 5; i++) await expectError(signIn(hub, wrong), 401, 'not_authenticated');
    await expectError(signIn(hub), 429, 'rate_limited');
    await expectError(signIn(hub, { ...wrong, username: 'other' }), 401, 'not_authenticated');
    hub.clock.advance(30_000);
    expect((await signIn(hub)).status).toBe(200);
    expect((await signIn(hub)).status).toBe(200);
  });

  test('and out again removes the cookie', async () => {
    await using hub = await startHubWithAdmin();
    const response = await hub.callApi('DELETE', '/session', { token: null });
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(/^signalbox=; .*Max-Age=0/);
  });

  test('gives a page a socket token, which the API does not accept', async () => {
    await using hub = await startHubWithAdmin();
    const session = await expectJson(
      hub.callApi('GET', '/session', { role: 'viewer' }),
      200,
      SessionResponse,
    );
    expect(session).toMatchObject({ role: 'viewer', expiresAt: hub.clock.now() + 300_000 });
    await expectError(
      hub.callApi('GET', '/agents', { token: session.token }),
      401,
      'not_authenticated',
    );
    expect((await connectDashboard(hub, { token: session.token })).received[0]).toMatchObject({
      role: 'viewer',
    });
  });
});

describe('the first admin account', () => {
  const setUp = (hub: TestHub, token: string, password = PASSWORD) =>
    fetch(`${hub.url}/setup`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token, password, confirmation: password }),
    });

  test('is created by the setup link, once', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    expect((await setUp(hub, 'another-token!!')).status).toBe(410);
    expect((await setUp(hub, 'the-setup-token', 'short')).status).toBe(422);
    const response = await setUp(hub, 'the-setup-token');
    expect(response.status).toBe(303);
    expect(response.headers.get('set-cookie')).toContain('HttpOnly');
    expect((await setUp(hub, 'the-setup-token', 'another password')).status).toBe(410);
    expect((await signIn(hub)).status).toBe(200);
    await expectError(
      signIn(hub, { username: 'admin', password: 'another password' }),
      401,
      'not_authenticated',
    );
  });

  test('is created once if two requests arrive at the same time', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    const responses = await Promise.all([
      setUp(hub, 'the-setup-token'),
      setUp(hub, 'the-setup-token'),
    ]);
    expect(responses.map(({ status }) => String(status)).toSorted()).toEqual(['303', '410']);
  });

  test('is not created if an account exists', async () => {
    await using hub = await startHubWithAdmin();
    expect((await setUp(hub, '')).status).toBe(410);
    expect(hub.hub.accounts.createFirstAdmin('again')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('can be created again after the store failed', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    hub.store.fail((call) => call === 'users.insert');
    expect((await setUp(hub, 'the-setup-token')).status).toBeGreaterThanOrEqual(400);
    hub.store.clearFaults();
    expect((await setUp(hub, 'the-setup-token')).status).toBe(303);
  });
});

// Sign-in, sign-out and setup.
import { expect, test } from 'bun:test';
import { startTestHub } from '../../support/hub/hub.ts';
import { requestPage } from './helpers.ts';

test('a page without a session redirects to sign-in, and returns to the page afterwards', async () => {
  await using hub = await startTestHub();
  for (const [path, next] of [
    ['/', '/login'],
    ['/history?q=a b', '/login?next=%2Fhistory%3Fq%3Da%2520b'],
    ['/agents/x', '/login?next=%2Fagents%2Fx'],
  ] as const) {
    const response = await requestPage(hub, path);
    expect([response.status, response.headers.get('location')]).toEqual([303, next]);
  }
  const headers = { 'hx-request': 'true', 'hx-current-url': `${hub.url}/agents/x?command=c#c-1` };
  const fragment = await requestPage(hub, '/agents/x/live', { headers });
  expect(fragment.headers.get('hx-redirect')).toBe('/login?next=%2Fagents%2Fx%3Fcommand%3Dc#c-1');
  const forged = { ...headers, 'hx-current-url': 'https://elsewhere.example/x' };
  const sent = await requestPage(hub, '/agents/x/live', { headers: forged });
  expect(sent.headers.get('hx-redirect')).toBe('/login');
});

test('setup sets the password once, and sign-in accepts it', async () => {
  await using hub = await startTestHub({ setupToken: 'first-start' });
  expect(await (await requestPage(hub, '/setup?token=first-start')).text()).toContain(
    'Choose a password',
  );
  expect(await (await requestPage(hub, '/setup?token=other-token')).text()).toContain(
    'already been used',
  );
  const password = 'correct horse battery';
  const form = { token: 'first-start', password, confirmation: password };
  const short = await requestPage(hub, '/setup', {
    form: { ...form, password: 'short', confirmation: 'short' },
  });
  expect([short.status, await short.text()]).toEqual([
    422,
    expect.stringContaining('12 characters'),
  ]);
  const mismatch = await requestPage(hub, '/setup', { form: { ...form, confirmation: 'another' } });
  expect(await mismatch.text()).toContain('do not match');
  const done = await requestPage(hub, '/setup', { form });
  expect([done.status, done.headers.get('location')]).toEqual([303, '/']);
  expect(done.headers.get('set-cookie')).toContain('HttpOnly');
  expect((await requestPage(hub, '/setup', { form })).status).toBe(410);

  const wrong = await requestPage(hub, '/login', { form: { username: 'admin', password: 'no' } });
  expect([wrong.status, await wrong.text()]).toEqual([
    401,
    expect.stringContaining('Incorrect username or password.'),
  ]);
  const right = await requestPage(hub, '/login', {
    form: { username: 'admin', password, next: '/history' },
  });
  expect([right.status, right.headers.get('location')]).toEqual([303, '/history']);
  expect(right.headers.get('set-cookie')).toContain('signalbox=');
});

test('signing out clears the cookie', async () => {
  await using hub = await startTestHub();
  const response = await requestPage(hub, '/logout', { role: 'viewer', form: {} });
  expect(response.headers.get('location')).toBe('/login');
  expect(response.headers.get('set-cookie')).toContain('Max-Age=0');
});

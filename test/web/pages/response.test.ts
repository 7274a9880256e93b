// Documents and redirects.
import { expect, test } from 'bun:test';
import { toLocalPath } from '../../../src/web/pages/response.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { requestPage } from './helpers.ts';

test('a URL of another site becomes /', () => {
  const request = new Request('http://hub:4400/login');
  const urls = [
    '/a?b=c',
    'https://x.example/',
    '//x.example',
    '/\\x.example',
    'javascript:1',
    '//hub:4400//x',
    '/////x',
  ];
  expect(urls.map((url) => toLocalPath(url, request))).toEqual([
    '/a?b=c',
    '/',
    '/',
    '/',
    '/',
    '/x',
    '/',
  ]);
});

test("each page has its own policy, and the island has that policy's nonce", async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const nonces = new Set<string>();
  for (const path of ['/', '/agents/build', '/history', '/agents/nobody', '/nowhere']) {
    const response = await requestPage(hub, path, { role: 'admin' });
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).not.toContain('unsafe');
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? 'none';
    expect(await response.text()).toContain(`id="island" nonce="${nonce}"`);
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(5);
  expect((await requestPage(hub, '/agents/nobody', { role: 'admin' })).status).toBe(404);
});

test('a fragment that is opened as a page runs and loads nothing', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const response = await requestPage(hub, '/agents/build/live', {
    role: 'admin',
    headers: { 'hx-request': 'true' },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-security-policy')).toBe(
    "default-src 'none'; frame-ancestors 'none'; sandbox",
  );
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('the page is rendered in the chosen theme', async () => {
  await using hub = await startTestHub();
  const htmlTag = async (cookie: string) =>
    /<html[^>]*>/.exec(
      await (await requestPage(hub, '/login', { headers: { cookie } })).text(),
    )?.[0];
  expect(await htmlTag('theme=light')).toBe('<html lang="en" data-theme="light">');
  expect(await htmlTag('a=b; theme=dark')).toBe('<html lang="en" data-theme="dark">');
  expect(await htmlTag('theme="><script>')).toBe('<html lang="en">');
});

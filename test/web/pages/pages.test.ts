// The pages as a browser asks for them, from the real hub.
import { expect, test } from 'bun:test';
import type { Role } from '../../../src/protocol/entities.ts';
import { HubError } from '../../../src/protocol/errors.ts';
import { assetLinks } from '../../../src/web/assets.ts';
import { toLocalPath } from '../../../src/web/pages/response.ts';
import { parseCommandForm, parseCommandQuery } from '../../../src/web/pages/form.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';

interface Asked {
  role?: Role;
  form?: Record<string, string>;
  headers?: Record<string, string>;
}

/** Asks for a page; with a role, as somebody who has signed in. */
async function ask(hub: TestHub, path: string, { role, form, headers = {} }: Asked = {}) {
  const cookie = role ? { cookie: `signalbox=${await hub.token(role)}` } : {};
  return fetch(hub.url + path, {
    method: form ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { origin: hub.url, ...cookie, ...headers },
    ...(form && { body: new URLSearchParams(form) }),
  });
}

test('whoever has not signed in is sent to the door, and told where to come back to', async () => {
  await using hub = await startTestHub();
  for (const [path, next] of [
    ['/', '/login'],
    ['/history?q=a b', '/login?next=%2Fhistory%3Fq%3Da%2520b'],
    ['/agents/x', '/login?next=%2Fagents%2Fx'],
  ] as const) {
    const response = await ask(hub, path);
    expect([response.status, response.headers.get('location')]).toEqual([303, next]);
  }
  const headers = { 'hx-request': 'true', 'hx-current-url': `${hub.url}/agents/x?command=c` };
  const fragment = await ask(hub, '/agents/x/live', { headers });
  expect(fragment.headers.get('hx-redirect')).toBe('/login?next=%2Fagents%2Fx%3Fcommand%3Dc');
  const forged = { ...headers, 'hx-current-url': 'https://elsewhere.example/x' };
  const sent = await ask(hub, '/agents/x/live', { headers: forged });
  expect(sent.headers.get('hx-redirect')).toBe('/login');
});

test('an address that leads elsewhere becomes the first page', () => {
  const request = new Request('http://hub:4400/login');
  const given = [
    '/a?b=c',
    'https://x.example/',
    '//x.example',
    '/\\x.example',
    'javascript:1',
    '//hub:4400//x',
    '/////x',
  ];
  expect(given.map((address) => toLocalPath(address, request))).toEqual([
    '/a?b=c',
    '/',
    '/',
    '/',
    '/',
    '/x',
    '/',
  ]);
});

test('the first start chooses a password, once, and the door knows it', async () => {
  await using hub = await startTestHub({ setupToken: 'first-start' });
  expect(await (await ask(hub, '/setup?token=first-start')).text()).toContain(
    'Choose the password',
  );
  expect(await (await ask(hub, '/setup?token=other-token')).text()).toContain('used up');
  const password = 'correct horse battery';
  const form = { token: 'first-start', password, again: password };
  const short = await ask(hub, '/setup', { form: { ...form, password: 'short', again: 'short' } });
  expect([short.status, await short.text()]).toEqual([
    422,
    expect.stringContaining('12 characters'),
  ]);
  const different = await ask(hub, '/setup', { form: { ...form, again: 'another' } });
  expect(await different.text()).toContain('not the same');
  const done = await ask(hub, '/setup', { form });
  expect([done.status, done.headers.get('location')]).toEqual([303, '/']);
  expect(done.headers.get('set-cookie')).toContain('HttpOnly');
  expect((await ask(hub, '/setup', { form })).status).toBe(410);

  const wrong = await ask(hub, '/login', { form: { username: 'admin', password: 'no' } });
  expect([wrong.status, await wrong.text()]).toEqual([401, expect.stringContaining('is wrong')]);
  const right = await ask(hub, '/login', {
    form: { username: 'admin', password, next: '/history' },
  });
  expect([right.status, right.headers.get('location')]).toEqual([303, '/history']);
  expect(right.headers.get('set-cookie')).toContain('signalbox=');
});

test('signing out clears the cookie', async () => {
  await using hub = await startTestHub();
  const response = await ask(hub, '/logout', { role: 'viewer', form: {} });
  expect(response.headers.get('location')).toBe('/login');
  expect(response.headers.get('set-cookie')).toContain('Max-Age=0');
});

test("each page carries its own policy, and the island that policy's nonce", async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const nonces = new Set<string>();
  for (const path of ['/', '/agents/build', '/history', '/agents/nobody', '/nowhere']) {
    const response = await ask(hub, path, { role: 'admin' });
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).not.toContain('unsafe');
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? 'none';
    expect(await response.text()).toContain(`id="island" nonce="${nonce}"`);
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(5);
  expect((await ask(hub, '/agents/nobody', { role: 'admin' })).status).toBe(404);
});

test('a refused command is a notice that htmx puts beside the box', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const form = { command: 'hello', priority: 'high' };
  const response = await ask(hub, '/agents/build/commands', { role: 'operator', form });
  expect(response.status).toBe(422);
  expect(await response.text()).toMatch(/^<p class="notice notice-refused" role="alert">.*offline/);
});

test('what a role may not do is refused, whatever its page shows', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const form = { command: 'x', agentId: 'new-one', agentType: 'codex' };
  const refused = async (role: Role, path: string, isForm = true) =>
    (await ask(hub, path, { role, ...(isForm && { form }) })).status;
  expect(await refused('viewer', '/agents/build/commands')).toBe(403);
  expect(await refused('viewer', '/commands/c/interrupt')).toBe(403);
  expect(await refused('operator', '/agents')).toBe(403);
  expect(await refused('operator', '/agents/build/revoke')).toBe(403);
  expect(await refused('operator', '/dialogs/add-agent', false)).toBe(403);
  expect(hub.hub.registry.list().map((agent) => agent.agentId)).toEqual(['build']);
});

test('an agent is added with its token shown, taken names are refused, and revoking ends it', async () => {
  await using hub = await startTestHub();
  const form = { agentId: 'build', agentType: 'codex' };
  const added = await ask(hub, '/agents', { role: 'admin', form });
  expect(added.headers.get('hx-trigger')).toBe('signalbox:refresh');
  expect(await added.text()).toMatch(
    new RegExp(
      `SIGNALBOX_AGENT_TOKEN=\\S{20,} signalbox agent --hub ${hub.url} --id build --type codex`,
    ),
  );
  expect((await ask(hub, '/agents', { role: 'admin', form })).status).toBe(422);
  for (const agentId of ['', '../x', 'a b', 'x'.repeat(65)]) {
    const bad = await ask(hub, '/agents', { role: 'admin', form: { ...form, agentId } });
    expect(bad.status).toBe(422);
  }
  const headers = { 'hx-request': 'true' };
  const revoked = await ask(hub, '/agents/build/revoke', { role: 'admin', form: {}, headers });
  expect(revoked.headers.get('hx-redirect')).toBe('/');
  expect(hub.hub.registry.list()).toEqual([]);
});

test('files are at addresses that never change what they mean', async () => {
  await using hub = await startTestHub();
  for (const address of Object.values(assetLinks)) {
    const file = await ask(hub, address, { headers: { 'accept-encoding': 'identity' } });
    expect([file.status, file.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    const etag = file.headers.get('etag') ?? '';
    expect(address).toContain(`.${etag.slice(1, -1)}.`);
    const again = await ask(hub, address, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    const zipped = await ask(hub, address, { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe(await file.text());
  }
  expect((await ask(hub, '/assets/signalbox.old.css')).status).toBe(404);
});

test('the island evaluates nothing', async () => {
  await using hub = await startTestHub();
  const island = await (await ask(hub, assetLinks.island)).text();
  expect(island.length).toBeGreaterThan(100_000);
  expect(island).not.toMatch(/new Function|[^.\w]eval\(/);
});

test('the chosen theme comes with the page', async () => {
  await using hub = await startTestHub();
  const themed = async (cookie: string) =>
    /<html[^>]*>/.exec(await (await ask(hub, '/login', { headers: { cookie } })).text())?.[0];
  expect(await themed('theme=light')).toBe('<html lang="en" data-theme="light">');
  expect(await themed('a=b; theme=dark')).toBe('<html lang="en" data-theme="dark">');
  expect(await themed('theme="><script>')).toBe('<html lang="en">');
});

test('the same form sent twice is one request, another text is another', () => {
  const form = { command: 'one\r\ntwo', priority: 'low', timeoutMs: '900000', requestId: 'form' };
  const body = parseCommandForm('build', form);
  expect(body).toMatchObject({
    agentId: 'build',
    command: 'one\ntwo',
    priority: 'low',
    session: 'continue',
    timeoutMs: 900_000,
  });
  expect(parseCommandForm('build', { ...form }).requestId).toBe(body.requestId ?? '');
  expect(parseCommandForm('build', { ...form, command: 'else' }).requestId).not.toBe(
    body.requestId,
  );
  expect(() => parseCommandForm('build', { ...form, priority: 'urgent' })).toThrow(HubError);
});

test('filters that mean nothing are left out', () => {
  const query = (search: string) => parseCommandQuery(new Request(`http://hub/history${search}`));
  expect(query('')).toEqual({ limit: 50 });
  expect(query('?agentId=&status=&q=%20&cursor=')).toEqual({ limit: 50 });
  expect(query('?agentId=a&status=failed&q=x&cursor=c')).toEqual({
    limit: 50,
    agentId: 'a',
    status: 'failed',
    q: 'x',
    cursor: 'c',
  });
  expect(query('?status=exploded')).toEqual({ limit: 50 });
});

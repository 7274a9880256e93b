// The API tokens on the account page.
import { expect, test } from 'bun:test';
import { startHubWithAdmin } from '../helpers.ts';
import { requestPage } from './helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;
const form = { name: ' nightly ', role: 'operator', expiresInDays: '90' };

test('a token is added, shown once, listed, and revoked', async () => {
  await using hub = await startHubWithAdmin();
  const dialog = await requestPage(hub, '/dialogs/add-api-token', asAdmin);
  expect(await dialog.text()).toContain('Also manages agents and users');
  const added = await requestPage(hub, '/account/tokens', { ...asAdmin, form });
  expect([added.status, added.headers.get('hx-trigger')]).toEqual([200, 'signalbox:refresh']);
  const [token = ''] = /sbp_[\w-]{43}/.exec(await added.text()) ?? [];
  expect(await hub.hub.apiTokens.use(token, null)).toMatchObject({
    userId: 'admin',
    role: 'operator',
    expiresAt: hub.clock.now() + 90 * 86_400_000,
  });
  const headers = { 'hx-request': 'true' };
  const list = await (await requestPage(hub, '/account/tokens', { ...asAdmin, headers })).text();
  const page = await (await requestPage(hub, '/account', asAdmin)).text();
  for (const text of [list, page]) {
    expect(text).toContain('nightly');
    expect(text).not.toContain(token);
  }
  const direct = await requestPage(hub, '/account/tokens', asAdmin);
  expect(direct.headers.get('location')).toBe('/account');
  const [, path = ''] = /hx-post="(\/account\/tokens\/[^"]+)"/.exec(page) ?? [];
  const revoked = await requestPage(hub, path, { ...asAdmin, form: {} });
  expect(await revoked.text()).not.toContain('nightly');
  expect(await hub.hub.apiTokens.use(token, null)).toBeNull();
});

test('only roles up to the own one are offered and accepted, and errors keep what was entered', async () => {
  await using hub = await startHubWithAdmin();
  const asViewer = { role: 'viewer', userId: 'ada' } as const;
  const dialog = await (await requestPage(hub, '/dialogs/add-api-token', asViewer)).text();
  expect(dialog).toContain('value="viewer"');
  expect(dialog).not.toContain('value="operator"');
  const rejected = await requestPage(hub, '/account/tokens', { ...asViewer, form });
  expect(rejected.status).toBe(403);
  const text = await rejected.text();
  expect(text).toContain('A token cannot have a higher one.');
  expect(text).toContain('value="nightly"');
  for (const fields of [{ name: ' ' }, { role: 'root' }, { expiresInDays: '' }]) {
    const invalid = { ...asAdmin, form: { ...form, ...fields } };
    expect((await requestPage(hub, '/account/tokens', invalid)).status).toBe(422);
  }
});

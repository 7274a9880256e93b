// The dialog of an agent's tokens.
import { expect, test } from 'bun:test';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import { requestPage } from './helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;
const PATH = '/agents/agent/tokens';

async function submit(hub: TestHub, path: string, form: Record<string, string> = {}) {
  const response = await requestPage(hub, path, { ...asAdmin, form });
  return [response.status, await response.text()] as const;
}

const readList = async (hub: TestHub) => (await requestPage(hub, PATH, asAdmin)).text();

test('a token is added, shown once, and revoked', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  const [status, added] = await submit(hub, PATH, { name: ' laptop ', expiresInDays: '30' });
  expect(status).toBe(200);
  const [token = ''] = /sba_[\w-]{43}/.exec(added) ?? [];
  expect(hub.hub.registry.verifyToken('agent', token)).toBe(true);
  const tokens = await hub.store.agentTokens.list();
  const laptop = tokens.find(({ name }) => name === 'laptop');
  expect(laptop?.expiresAt).toBe(hub.clock.now() + 30 * 86_400_000);
  const list = await readList(hub);
  expect(list).toContain('laptop');
  expect(list).toContain('Unnamed token');
  expect(list).not.toContain(token);
  const [, revoked] = await submit(hub, `${PATH}/${laptop?.id}/revoke`);
  expect(revoked).toContain('Token revoked.');
  expect(revoked).not.toContain('laptop');
  expect(hub.hub.registry.verifyToken('agent', token)).toBe(false);
});

test('errors keep what was entered', async () => {
  await using hub = await startTestHub();
  await hub.addAgent();
  for (const form of [{ expiresInDays: '31' }, { name: 'a'.repeat(65), expiresInDays: '' }]) {
    expect((await submit(hub, PATH, form))[0]).toBe(422);
  }
  for (let count = 1; count < 10; count += 1) {
    expect((await submit(hub, PATH, { name: '', expiresInDays: '' }))[0]).toBe(200);
  }
  const [status, text] = await submit(hub, PATH, { name: 'one more', expiresInDays: '7' });
  expect(status).toBe(422);
  expect(text).toContain('already has 10 tokens. Revoke one first.');
  expect(text).toContain('value="one more"');
  expect((await submit(hub, '/agents/unknown/tokens', { expiresInDays: '' }))[1]).toContain(
    'not found',
  );
});

// The forms that add, remove and command agents.
import { expect, test } from 'bun:test';
import type { Role } from '../../../src/protocol/entities.ts';
import { requestApproval } from '../../support/hub/approvals.ts';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { requestPage } from './helpers.ts';

test('a rejected command is rendered as a notice', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const form = { command: 'hello', priority: 'high' };
  const response = await requestPage(hub, '/agents/build/commands', { role: 'operator', form });
  expect(response.status).toBe(422);
  expect(await response.text()).toMatch(/^<p class="notice notice-error" role="alert">.*offline/);
});

test('both pages show how long a command has waited, by the clock of the hub', async () => {
  await using on = await startHubFixture();
  await on.startCommand('!make');
  await on.dashboard.request('!low', { priority: 'low' });
  await on.hub.advance(8 * 60_000, on.agent, on.dashboard);
  await on.dashboard.request('!urgent', { priority: 'high' });
  const read = async (path: string) => (await requestPage(on.hub, path, { role: 'viewer' })).text();
  expect(await read('/agents/agent')).toMatch(/Waiting .* behind 1 high-priority command</);
  expect(await read('/')).toContain('Longest wait');
  expect(await read('/')).not.toContain('queue-wait-long');
  await on.hub.advance(7 * 60_000, on.agent, on.dashboard);
  expect((await read('/agents/agent')).match(/queue-wait-long/g)).toHaveLength(1);
  expect(await read('/')).toContain('queue-wait-long');
});

test('the menu of agents begins with those that need a person', async () => {
  await using on = await startHubFixture();
  await on.hub.addAgent('another');
  await requestApproval(on, await on.startCommand());
  const response = await requestPage(on.hub, '/agents/another/others', { role: 'viewer' });
  const links = [...(await response.text()).matchAll(/href="([^"]+)"( aria-current="page")?/g)];
  expect(links.map(([, href, current]) => [href, current])).toEqual([
    ['/agents/agent', undefined],
    ['/agents/another', ' aria-current="page"'],
    ['/', undefined],
  ]);
});

test('forms check the role', async () => {
  await using hub = await startTestHub();
  await hub.addAgent('build');
  const form = { command: 'x', agentId: 'new-one', agentType: 'codex' };
  const getStatus = async (role: Role, path: string, isForm = true) =>
    (await requestPage(hub, path, { role, ...(isForm && { form }) })).status;
  expect(await getStatus('viewer', '/agents/build/commands')).toBe(403);
  expect(await getStatus('viewer', '/commands/c/interrupt')).toBe(403);
  expect(await getStatus('operator', '/agents')).toBe(403);
  expect(await getStatus('operator', '/agents/build/remove')).toBe(403);
  expect(await getStatus('operator', '/dialogs/add-agent', false)).toBe(403);
  expect(hub.hub.registry.list().map((agent) => agent.agentId)).toEqual(['build']);
});

test('an added agent shows its token; existing and invalid IDs are rejected; it can be removed', async () => {
  await using hub = await startTestHub();
  const form = { agentId: 'build', agentType: 'codex' };
  const added = await requestPage(hub, '/agents', { role: 'admin', form });
  expect(added.headers.get('hx-trigger')).toBe('signalbox:refresh');
  expect(await added.text()).toMatch(
    new RegExp(
      `SIGNALBOX_AGENT_TOKEN=\\S{20,} signalbox agent --hub ${hub.url} --id build --type codex --pty`,
    ),
  );
  expect((await requestPage(hub, '/agents', { role: 'admin', form })).status).toBe(422);
  for (const agentId of ['', '../x', 'a b', 'x'.repeat(65)]) {
    const invalid = await requestPage(hub, '/agents', {
      role: 'admin',
      form: { ...form, agentId },
    });
    expect(invalid.status).toBe(422);
  }
  const headers = { 'hx-request': 'true' };
  const removed = await requestPage(hub, '/agents/build/remove', {
    role: 'admin',
    form: {},
    headers,
  });
  expect(removed.headers.get('hx-redirect')).toBe('/');
  expect(hub.hub.registry.list()).toEqual([]);
});

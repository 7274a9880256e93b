// What the audit log records: every change by a person, whatever sends it.
import { expect, test } from 'bun:test';
import type { AuditEntry } from '../../src/protocol/audit.ts';
import { PasswordLink } from '../../src/protocol/users.ts';
import { startHubFixture } from '../support/hub/hub-fixture.ts';
import type { TestHub } from '../support/hub/hub.ts';
import { expectError, expectJson, PASSWORD, signIn, startHubWithAdmin } from './helpers.ts';

const asAdmin = { role: 'admin', userId: 'admin' } as const;

/** The entries except those about sessions that tests start and about sockets, oldest first. */
async function listEntries(hub: TestHub): Promise<AuditEntry[]> {
  await hub.flush();
  const { items } = await hub.store.audit.listPage({ limit: 200 });
  return items
    .toReversed()
    .filter(
      ({ action, address }) =>
        !action.startsWith('socket.') && (action !== 'session.start' || address !== null),
    );
}

const summarize = ({ actor, action, target, detail }: AuditEntry) => [
  actor,
  action,
  target,
  detail,
];

test('changes to users and agents are recorded, without secrets', async () => {
  await using hub = await startHubWithAdmin();
  const call = (method: string, path: string, body?: unknown) =>
    hub.callApi(method, path, { ...asAdmin, ...(body !== undefined && { body }) });
  await call('POST', '/users', { username: 'bob', role: 'viewer' });
  await call('PATCH', '/users/bob', { role: 'operator' });
  const { url } = await expectJson(call('POST', '/users/bob/password-link'), 201, PasswordLink);
  await call('PATCH', '/users/bob', { disabled: true });
  await call('DELETE', '/users/bob');
  await call('POST', '/agents', { agentId: 'build', agentType: 'claude' });
  await call('DELETE', '/agents/build');
  await expectError(call('DELETE', '/agents/build'), 404, 'agent_unknown');
  const entries = await listEntries(hub);
  expect(entries.map(summarize)).toEqual([
    ['admin', 'user.added', 'bob', { role: 'viewer', agents: 'all' }],
    ['admin', 'user.changed', 'bob', { role: 'operator' }],
    ['admin', 'password.link_created', 'bob', {}],
    ['admin', 'user.changed', 'bob', { disabled: true }],
    ['admin', 'user.removed', 'bob', {}],
    ['admin', 'agent.added', 'build', { agentType: 'claude' }],
    ['admin', 'agent.removed', 'build', {}],
  ]);
  const [session] = hub.hub.sessions.list('admin');
  expect(entries.every(({ credentialId }) => credentialId === session?.id)).toBe(true);
  expect(JSON.stringify(entries)).not.toContain(new URL(url).searchParams.get('token')!);
});

test('added and revoked tokens are recorded, without secrets; so is what an API token does', async () => {
  await using hub = await startHubWithAdmin();
  await hub.addAgent();
  const call = async (method: string, path: string, fields: object) =>
    (await hub.callApi(method, path, { ...asAdmin, ...fields })).json().catch(() => null);
  const expiresAt = hub.clock.now() + 60_000;
  const agentToken = await call('POST', '/agents/agent/tokens', { body: { name: 'laptop' } });
  await call('DELETE', `/agents/agent/tokens/${agentToken.id}`, {});
  const body = { name: 'ci', scope: 'admin', expiresAt };
  const apiToken = await call('POST', '/account/tokens', { body });
  const headers = { 'x-forwarded-for': '192.0.2.1' };
  await call('DELETE', '/agents/agent', { token: apiToken.token, headers });
  await call('DELETE', `/account/tokens/${apiToken.id}`, {});
  const entries = (await listEntries(hub)).slice(1);
  const [first, second] = [
    { id: agentToken.id, name: 'laptop' },
    { id: apiToken.id, name: 'ci' },
  ];
  expect(entries.map(summarize)).toEqual([
    ['admin', 'agent_token.added', 'agent', { ...first, expiresAt: null }],
    ['admin', 'agent_token.revoked', 'agent', { ...first, expiresAt: null }],
    ['admin', 'api_token.added', 'admin', { ...second, scope: 'admin', expiresAt }],
    ['admin', 'agent.removed', 'agent', {}],
    ['admin', 'api_token.revoked', 'admin', { ...second, scope: 'admin' }],
  ]);
  expect(entries[3]).toMatchObject({ credentialId: apiToken.id, address: '127.0.0.1' });
  for (const { token } of [agentToken, apiToken]) {
    expect(JSON.stringify(entries)).not.toContain(token);
  }
});

test('sessions are recorded from start to end, with the address', async () => {
  await using hub = await startHubWithAdmin();
  const { token } = await (await signIn(hub)).json();
  const body = { currentPassword: PASSWORD, newPassword: 'another long password' };
  await hub.callApi('PUT', '/account/password', { token, body: { ...body, currentPassword: 'x' } });
  await hub.callApi('PUT', '/account/password', { token, body });
  await hub.callApi('DELETE', '/session', { token });
  const entries = await listEntries(hub);
  const sessionId = entries[0]?.credentialId ?? null;
  expect(entries.map(summarize)).toEqual([
    ['admin', 'session.start', 'admin', {}],
    ['admin', 'password.rejected', 'admin', {}],
    ['admin', 'password.changed', 'admin', { method: 'password' }],
    ['admin', 'session.end', 'admin', { sessionId }],
  ]);
  expect(entries.every(({ address }) => address === '127.0.0.1')).toBe(true);
});

test('an expired session ends by itself', async () => {
  await using hub = await startHubWithAdmin();
  await signIn(hub);
  hub.clock.advance(13 * 3_600_000);
  expect((await listEntries(hub)).at(-1)).toMatchObject({
    actorKind: 'system',
    actor: null,
    action: 'session.end',
    target: 'admin',
  });
});

test('failed sign-ins are recorded, and rejected ones once per address and minute', async () => {
  await using hub = await startHubWithAdmin();
  const fail = (username: string, password = 'wrong') => signIn(hub, { username, password });
  await expectError(fail('my secret'), 401, 'not_authenticated');
  for (let i = 0; i < 5; i++) await expectError(fail('admin'), 401, 'not_authenticated');
  for (let i = 0; i < 20; i++) await expectError(fail('admin'), 429, 'rate_limited');
  const failed = (actor: string | null, detail = {}) => [actor, 'session.failed', null, detail];
  const wrong = [failed(null), ...Array.from({ length: 5 }, () => failed('admin'))];
  expect((await listEntries(hub)).map(summarize)).toEqual([
    ...wrong,
    failed(null, { rejected: 1 }),
  ]);
  hub.clock.advance(60_000);
  const entries = await listEntries(hub);
  expect(entries.map(summarize)).toEqual([
    ...wrong,
    failed(null, { rejected: 1 }),
    failed(null, { rejected: 19 }),
  ]);
  expect(entries.every(({ address }) => address === '127.0.0.1')).toBe(true);
});

test('commands, interrupts, input and responses from sockets are recorded', async () => {
  await using fixture = await startHubFixture({ agent: { capabilities: ['shell', 'pty'] } });
  const { hub, agent, dashboard } = fixture;
  const id = await fixture.startCommand('!secret word');
  for (const data of ['a', 'b']) dashboard.send({ type: 'command:input', commandId: id, data });
  for (let i = 0; i < 2; i++) dashboard.send({ type: 'command:interrupt', commandId: id });
  await dashboard.ping();
  await agent.ping();
  const entries = await listEntries(hub);
  expect(entries.slice(1).map(summarize)).toEqual([
    ['ada', 'command.requested', id, { agentId: 'agent' }],
    ['ada', 'terminal.input', id, {}],
    ['ada', 'command.interrupted', id, {}],
  ]);
  expect(JSON.stringify(entries)).not.toContain('secret');
});

test('an action is refused if it cannot be recorded', async () => {
  await using hub = await startHubWithAdmin();
  await hub.issueToken('admin', 'admin');
  hub.store.fail((call) => call === 'audit.insert');
  const link = hub.callApi('POST', '/users/admin/password-link', asAdmin);
  await expectError(link, 503, 'unavailable');
  expect(hub.hub.storeHealth.failure()).toContain('disk full');
  const response = signIn(hub, { username: 'admin', password: 'wrong' });
  await expectError(response, 401, 'not_authenticated');
  await hub.flush();
  expect(hub.logEntries.some(({ message }) => message.includes('audit log'))).toBe(true);
});

test('sockets are recorded with their address and what they authenticated with', async () => {
  await using fixture = await startHubFixture();
  const { hub } = fixture;
  await hub.flush();
  const [token] = hub.hub.agentTokens.list(
    { userId: 'root', role: 'admin', agents: null },
    'agent',
  );
  const [session] = hub.hub.sessions.list('ada');
  const { items } = await hub.store.audit.listPage({ action: 'socket.opened' });
  const summary = items.map(({ actor, credentialId, address }) => [actor, credentialId, address]);
  expect(summary).toEqual([
    ['ada', session?.id ?? '', '127.0.0.1'],
    ['agent', token?.id ?? '', '127.0.0.1'],
  ]);
});

// The sessions of users: listing them, ending them, and what ends with them.
import { expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { SessionResponse, SessionSummary } from '../../src/protocol/api.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import type { TestHub } from '../support/hub/hub.ts';
import { expectError, expectJson, signIn, startHubWithAdmin } from './helpers.ts';

const SessionList = Type.Object({ items: Type.Array(SessionSummary), nextCursor: Type.Null() });

const startSession = async (hub: TestHub): Promise<string> =>
  (await expectJson(signIn(hub), 200, SessionResponse)).token;

const list = async (hub: TestHub, token: string): Promise<SessionSummary[]> =>
  (await expectJson(hub.callApi('GET', '/sessions', { token }), 200, SessionList)).items;

const expectSignedOut = (hub: TestHub, token: string) =>
  expectError(hub.callApi('GET', '/agents', { token }), 401, 'not_authenticated');

test('signing out ends the session: its tokens, and the dashboards that it opened', async () => {
  await using hub = await startHubWithAdmin();
  const [token, other] = [await startSession(hub), await startSession(hub)];
  const socket = await expectJson(hub.callApi('GET', '/session', { token }), 200, SessionResponse);
  const dashboards = [
    await connectDashboard(hub, { token }),
    await connectDashboard(hub, { token: socket.token }),
  ];
  const remaining = await connectDashboard(hub, { token: other });
  expect((await hub.callApi('DELETE', '/session', { token })).status).toBe(204);
  for (const dashboard of dashboards) {
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'revoked' });
  }
  await expectSignedOut(hub, token);
  await expectSignedOut(hub, socket.token);
  await remaining.ping();
  expect(await list(hub, other)).toHaveLength(1);
});

test('signing out on the page ends the session', async () => {
  await using hub = await startHubWithAdmin();
  const token = await startSession(hub);
  const response = await fetch(`${hub.url}/logout`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: `signalbox=${token}` },
  });
  expect(response.headers.get('set-cookie')).toMatch(/^signalbox=; .*Max-Age=0/);
  await expectSignedOut(hub, token);
});

test('a user lists their sessions, and ends one or all of them', async () => {
  await using hub = await startHubWithAdmin();
  const first = await startSession(hub);
  hub.clock.advance(1_000);
  const second = await startSession(hub);
  const third = await startSession(hub);
  const sessions = await list(hub, second);
  expect(sessions).toHaveLength(3);
  expect(sessions[1]).toMatchObject({
    createdAt: hub.clock.now(),
    expiresAt: hub.clock.now() + 12 * 3_600_000,
    address: '127.0.0.1',
    userAgent: expect.stringContaining('Bun/'),
    isCurrent: true,
  });
  expect(sessions.map(({ isCurrent }) => isCurrent)).toEqual([false, true, false]);
  const path = `/sessions/${sessions[0]?.id}`;
  expect((await hub.callApi('DELETE', path, { token: second })).status).toBe(204);
  await expectSignedOut(hub, first);
  await expectError(hub.callApi('DELETE', path, { token: second }), 404, 'not_found');
  expect((await hub.callApi('DELETE', '/sessions', { token: third })).status).toBe(204);
  await expectSignedOut(hub, second);
  await expectSignedOut(hub, third);
});

test("another user's sessions are neither listed nor ended", async () => {
  await using hub = await startHubWithAdmin();
  const token = await startSession(hub);
  const [session] = await list(hub, token);
  const eve = { role: 'admin', userId: 'eve' } as const;
  const own = await expectJson(hub.callApi('GET', '/sessions', eve), 200, SessionList);
  expect(own.items).toHaveLength(1);
  await expectError(hub.callApi('DELETE', `/sessions/${session?.id}`, eve), 404, 'not_found');
  await hub.callApi('DELETE', '/sessions', eve);
  expect(await list(hub, token)).toHaveLength(1);
});

test('sessions, and their end, survive a crash', async () => {
  await using before = await startHubWithAdmin({ onDisk: true });
  const [kept, ended] = [await startSession(before), await startSession(before)];
  before.clock.advance(61_000);
  await before.callApi('DELETE', '/session', { token: ended });
  const [session] = await list(before, kept);
  expect(session?.lastSeenAt).toBe(before.clock.now());
  await before.flush();
  await using hub = await before.crash();
  expect(await list(hub, kept)).toEqual([session as SessionSummary]);
  await expectSignedOut(hub, ended);
});

test('a session ends at once while the disk is full, and stays ended', async () => {
  await using before = await startHubWithAdmin({ onDisk: true });
  const token = await startSession(before);
  before.store.fail((call) => call === 'sessions.remove');
  expect((await before.callApi('DELETE', '/session', { token })).status).toBe(204);
  await expectSignedOut(before, token);
  before.store.clearFaults();
  before.clock.advance(1_000);
  await before.flush();
  await using hub = await before.crash();
  await expectSignedOut(hub, token);
});

test('signing in fails with a clear error while the disk is full', async () => {
  await using hub = await startHubWithAdmin();
  hub.store.fail((call) => call === 'sessions.insert');
  expect(await expectError(signIn(hub), 503, 'unavailable')).toContain('Try again');
  expect((await fetch(`${hub.url}/healthz`)).status).toBe(503);
});

test('expired sessions are removed', async () => {
  await using hub = await startHubWithAdmin();
  await startSession(hub);
  hub.clock.advance(13 * 3_600_000);
  await hub.flush();
  expect(await hub.store.sessions.list()).toEqual([]);
});

test('a stolen secret alone does not sign in', async () => {
  await using hub = await startHubWithAdmin();
  const forged = await hub.tokens.issueSession({
    userId: 'admin',
    role: 'admin',
    agents: null,
    sessionId: crypto.randomUUID(),
    address: null,
    expiresAt: hub.clock.now() + 3_600_000,
  });
  await expectSignedOut(hub, forged.token);
});

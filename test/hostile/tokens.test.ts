// Tokens that the compiled hub must not accept: forged, expired, stolen from another use, or of a session that has ended.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { addUser, resetPassword } from '../support/accounts.ts';
import { addAgent, PASSWORD, signInToApi, startHubBinary } from '../support/binary.ts';
import { openDashboard } from '../support/hub/dashboard.ts';
import { openAgent } from '../support/hub/scripted-agent.ts';
import { sendRaw } from '../support/raw-http.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

type Claims = Record<string, unknown>;

const folder = createTemporaryFolder();
const data = join(folder.path, 'data');
const clientInfo = { userAgent: 'test', timezone: 'UTC' };
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let wsUrl: string;
let admin: Record<string, string>;
let adminToken: string;
let userToken: string;
let socketToken: string;
let agentToken: string;
beforeAll(async () => {
  hub = await startHubBinary(data);
  wsUrl = hub.url.replace('http', 'ws');
  admin = await signInToApi(hub.url);
  adminToken = admin['authorization']!.slice('Bearer '.length);
  userToken = await addUser(hub.url, admin, 'user', 'viewer');
  agentToken = await addAgent(hub.url, 'agent', 'claude', admin);
  const response = await fetch(`${hub.url}/api/v1/session`, { headers: admin });
  socketToken = ((await response.json()) as { token: string }).token;
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
/** Reads the key that signs. */
function readKey() {
  const file = readFileSync(join(data, 'jwt-secret'), 'utf8');
  const { keys } = JSON.parse(file) as { keys: { id: string; secret: string }[] };
  return keys[0]!;
}

/** Signs the claims of the admin's session, with changes, as the hub does. */
function forge(
  changes: Claims = {},
  { alg = 'HS256', hash = 'sha256', secret = readKey().secret, kid = readKey().id } = {},
) {
  const signed = `${encode({ alg, kid, typ: 'JWT' })}.${encode({ ...claimsOf(adminToken), ...changes })}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const request = (path: string, headers: Record<string, string>, init: RequestInit = {}) =>
  fetch(hub.url + path, { redirect: 'manual', headers, ...init });
const requestAgents = async (headers: Record<string, string>) =>
  (await request('/api/v1/agents', headers)).status;

/** Sends a token as the first message of a dashboard. Resolves with the close event. */
async function connectDashboard(token: string) {
  const dashboard = await openDashboard({ wsUrl });
  dashboard.send({ type: 'dashboard:connect', token, clientInfo });
  return dashboard.closed;
}

const UNAUTHENTICATED = { code: 1008, reason: 'unauthenticated' };
const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

test('a token signed like one of the hub is accepted', async () => {
  expect(await requestAgents(bearer(forge()))).toBe(200);
});

describe.each<[threat: string, name: string, createToken: () => string]>([
  ['no credentials', 'an empty token', () => ''],
  ['no credentials', 'garbage', () => 'garbage'],
  ['no credentials', 'three empty parts', () => '..'],
  ['no credentials', '4,000 characters', () => 'x'.repeat(4_000)],
  [
    'forgery',
    'alg none',
    () => `${encode({ alg: 'none', kid: readKey().id })}.${encode(claimsOf(adminToken))}.`,
  ],
  ['forgery', 'alg None, with a signature', () => forge({}, { alg: 'None' })],
  ['forgery', 'no signature', () => adminToken.replace(/[^.]+$/, '')],
  ['forgery', 'another secret', () => forge({}, { secret: 'another' })],
  ['forgery', 'an empty secret', () => forge({}, { secret: '' })],
  ['forgery', 'an unknown key', () => forge({}, { kid: 'unknown' })],
  ['algorithm confusion', 'RS256', () => forge({}, { alg: 'RS256' })],
  ['algorithm confusion', 'HS512', () => forge({}, { alg: 'HS512', hash: 'sha512' })],
  ['a token without an end', 'no expiry', () => forge({ exp: undefined })],
  ['a token without an end', 'an expiry that is text', () => forge({ exp: '9999999999' })],
  ['an old token', 'an expired one', () => forge({ exp: seconds(-60) })],
  ['an old token', 'one that is not valid yet', () => forge({ nbf: seconds(600) })],
  ['session fixation', 'a session that does not exist', () => forge({ sid: crypto.randomUUID() })],
  ['session fixation', 'the name of a prototype', () => forge({ sid: '__proto__' })],
  ['privilege escalation', "another user's session", () => forge({ sub: 'user' })],
  ['privilege escalation', 'a claim of another type', () => forge({ sub: ['admin'] })],
  ['privilege escalation', 'another use', () => forge({ use: 'agent' })],
  ['another use', "an agent's token", () => agentToken],
])('%s: %s', (_threat, _name, createToken) => {
  test('is rejected by the API, the pages and both sockets', async () => {
    const token = createToken();
    expect(await requestAgents(bearer(token))).toBe(401);
    expect(await requestAgents({ cookie: `signalbox=${token}` })).toBe(401);
    const page = await request('/account', { cookie: `signalbox=${token}` });
    expect(page.headers.get('location')).toStartWith('/login');
    expect(await connectDashboard(token)).toEqual(UNAUTHENTICATED);
  });
});

describe('another use', () => {
  test("a socket's token is rejected by the API and the pages", async () => {
    expect(await requestAgents(bearer(socketToken))).toBe(401);
    expect(await requestAgents({ cookie: `signalbox=${socketToken}` })).toBe(401);
  });

  test.each([
    ['a session token', () => adminToken],
    ["a socket's token", () => socketToken],
    ['the hash of a token', () => createHmac('sha256', '').update(agentToken).digest('hex')],
    ['no token', () => ''],
  ])('%s is rejected by the socket of agents', async (_name, createToken) => {
    const agent = await openAgent({ wsUrl });
    agent.sendConnect({ token: createToken() });
    expect(await agent.closed).toEqual(UNAUTHENTICATED);
  });
});

describe('a token in a log or a Referer', () => {
  test.each(['token', 'access_token', 'authorization', 'signalbox'])(
    'the query parameter %s is ignored',
    async (name) => {
      expect((await request(`/api/v1/agents?${name}=${adminToken}`, {})).status).toBe(401);
    },
  );
});

describe('two identities in one request', () => {
  const readUser = async (headers: string[]) => {
    const lines = ['GET /api/v1/session HTTP/1.1', 'Host: 127.0.0.1', ...headers];
    const { status, body } = await sendRaw(hub.url, `${lines.join('\r\n')}\r\n\r\n`);
    return status === 200 ? (JSON.parse(body) as { userId: string }).userId : status;
  };
  const authorization = (token: string) => `Authorization: Bearer ${token}`;
  const cookie = (token: string) => `Cookie: signalbox=${token}`;

  test('two Authorization headers are rejected', async () => {
    expect(await readUser([authorization(userToken), authorization(adminToken)])).toBe(401);
    expect(await readUser([authorization(adminToken), authorization(userToken)])).toBe(401);
  });

  test('the bearer token has precedence over the cookie, also if it is invalid', async () => {
    expect(await readUser([authorization(userToken), cookie(adminToken)])).toBe('user');
    expect(await readUser([cookie(userToken), authorization(adminToken)])).toBe('admin');
    expect(await readUser([authorization('x'), cookie(adminToken)])).toBe(401);
  });
});

/** Starts a request that adds an agent, but sends only a part of its body. */
async function startSlowRequest(token: string, agentId: string) {
  const { hostname, port } = new URL(hub.url);
  const body = JSON.stringify({ agentId, agentType: 'claude' });
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = connect(Number(port), hostname);
  socket.on('data', (bytes) => resolve(Number(bytes.toString().slice(9, 12))));
  socket.on('error', () => resolve(0));
  await once(socket, 'connect');
  socket.write(
    `POST /api/v1/agents HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
  );
  return {
    async finish() {
      socket.write(body.slice(9));
      const status = await promise;
      socket.destroy();
      return status;
    },
  };
}

type Revoke = (username: string, token: string) => Promise<unknown>;

const changeUser =
  (changes: object): Revoke =>
  (username) =>
    request(`/api/v1/users/${username}`, admin, { method: 'PATCH', body: JSON.stringify(changes) });

const signInAs = async (username: string) => {
  const body = JSON.stringify({ username, password: PASSWORD });
  const headers = { 'content-type': 'application/json' };
  const response = await request('/api/v1/session', headers, { method: 'POST', body });
  return ((await response.json()) as { token: string }).token;
};

describe.each<[name: string, revoke: Revoke, reason?: string]>([
  ['sign-out', (_, token) => request('/api/v1/session', bearer(token), { method: 'DELETE' })],
  [
    'sign-out in the browser',
    (_, token) => request('/logout', { cookie: `signalbox=${token}` }, { method: 'POST' }),
  ],
  [
    'the end of the session in another one',
    async (username, token) => {
      const path = `/api/v1/sessions/${String(claimsOf(token)['sid'])}`;
      return request(path, bearer(await signInAs(username)), { method: 'DELETE' });
    },
  ],
  ['a reset of the password', (username) => resetPassword(hub.url, admin, username)],
  ['disabling the user', changeUser({ disabled: true })],
  ['a change of the role', changeUser({ role: 'operator' }), 'access_changed'],
  [
    'removing the user',
    (username) => request(`/api/v1/users/${username}`, admin, { method: 'DELETE' }),
  ],
])('a token that was valid: after %s', (name, revoke, reason = 'revoked') => {
  const username = name.replaceAll(' ', '-');

  test('its sockets are closed and its requests fail at once', async () => {
    const token = await addUser(hub.url, admin, username, 'admin');
    const session = await request('/api/v1/session', bearer(token));
    const socket = ((await session.json()) as { token: string }).token;
    const dashboards = await Promise.all(
      [token, socket].map(async (used) => {
        const dashboard = await openDashboard({ wsUrl });
        dashboard.send({ type: 'dashboard:connect', token: used, clientInfo });
        await dashboard.waitFor('dashboard:welcome');
        return dashboard;
      }),
    );
    const slow = await startSlowRequest(token, `${username}-agent`);
    expect(await requestAgents(bearer(token))).toBe(200);

    await revoke(username, token);
    const revokedAt = performance.now();
    for (const dashboard of dashboards) {
      expect(await dashboard.closed).toEqual({ code: 1008, reason });
    }
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    expect(await requestAgents(bearer(token))).toBe(401);
    expect(await requestAgents({ cookie: `signalbox=${token}` })).toBe(401);
    expect(await connectDashboard(token)).toEqual(UNAUTHENTICATED);
    expect(await connectDashboard(socket)).toEqual(UNAUTHENTICATED);
    expect(await slow.finish()).toBe(401);
    expect((await request(`/api/v1/agents/${username}-agent`, admin)).status).toBe(404);
  });
});

test('an API token that was valid: its requests fail at once, also those that have begun', async () => {
  const expiresAt = Date.now() + 86_400_000;
  const init = { method: 'POST', body: JSON.stringify({ name: 'ci', scope: 'admin', expiresAt }) };
  const created = await request('/api/v1/account/tokens', admin, init);
  const { id, token } = (await created.json()) as { id: string; token: string };
  const slow = await startSlowRequest(token, 'slow-agent');
  expect(await requestAgents(bearer(token))).toBe(200);
  await request(`/api/v1/account/tokens/${id}`, admin, { method: 'DELETE' });
  expect(await requestAgents(bearer(token))).toBe(401);
  expect(await slow.finish()).toBe(401);
  expect((await request('/api/v1/agents/slow-agent', admin)).status).toBe(404);
});

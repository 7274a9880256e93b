// Access to the JSON API: tokens, cross-site requests and unknown endpoints.
import { describe, expect, test } from 'bun:test';
import { startHubFixture } from '../../support/hub/hub-fixture.ts';
import { startTestHub } from '../../support/hub/hub.ts';
import { expectError } from '../helpers.ts';

describe('every endpoint except sign-in', () => {
  const calls: [string, string, unknown][] = [
    ['GET', '/session', undefined],
    ['GET', '/agents', undefined],
    ['GET', '/agents/agent', undefined],
    ['POST', '/agents', { agentId: 'new', agentType: 'claude' }],
    ['DELETE', '/agents/agent', undefined],
    ['POST', '/commands', { agentId: 'agent', command: '!ls' }],
    ['GET', '/commands', undefined],
    ['GET', '/commands/x', undefined],
    ['GET', '/commands/x/output', undefined],
    ['POST', '/commands/x/interrupt', undefined],
  ];

  test.each(calls)('%s %s requires a valid token', async (method, path, body) => {
    await using hub = await startTestHub();
    await hub.addAgent();
    const expired = await hub.issueToken();
    hub.clock.advance(12 * 3_600_000 + 2_000);
    const socket = (await hub.tokens.issueSocket(await hub.startSession('admin'))).token;
    for (const token of [null, '', 'nonsense', expired, socket, await hub.addAgent('other')]) {
      await expectError(hub.callApi(method, path, { token, body }), 401, 'not_authenticated');
    }
    expect(hub.hub.registry.list()).toHaveLength(2);
  });

  test.each(calls)('%s %s is not available to other sites', async (method, path, body) => {
    await using on = await startHubFixture();
    const statuses = [];
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const response = await on.hub.callApi(method, path, {
        role: 'admin',
        body,
        headers: { ...headers },
      });
      statuses.push(response.status);
    }
    if (method !== 'GET') expect(statuses).toEqual([403, 403, 403, 403]);
    else expect(statuses).not.toContain(403);
    expect(on.hub.hub.registry.list()).toHaveLength(1);
    expect(on.agent.executedCommands()).toEqual([]);
  });

  test('accepts requests from its own pages, at the local and the public URL', async () => {
    await using hub = await startTestHub({ publicUrl: 'https://signalbox.example' });
    for (const origin of [hub.url, 'https://signalbox.example']) {
      const body = { agentId: origin.startsWith('https') ? 'b' : 'a', agentType: 'claude' };
      const headers = { origin, 'sec-fetch-site': 'same-origin' };
      expect((await hub.callApi('POST', '/agents', { role: 'admin', body, headers })).status).toBe(
        201,
      );
    }
  });
});

test('an unknown endpoint responds with 404', async () => {
  await using hub = await startTestHub();
  for (const call of [
    hub.callApi('GET', '/nothing'),
    hub.callApi('PUT', '/agents/agent', { body: {} }),
  ]) {
    expect(await expectError(call, 404, 'not_found')).toBe('Unknown API endpoint.');
  }
});

test('credentials are checked before the body and the path', async () => {
  await using hub = await startTestHub();
  for (const [method, path, body] of [
    ['POST', '/commands', '{"agentId"'],
    ['POST', '/commands', { agentId: 'x'.repeat(99_000) }],
    ['GET', '/nothing', undefined],
    ['GET', '/agents/a/b/token', undefined],
  ] as const) {
    const call = hub.callApi(method, path, { token: null, body });
    await expectError(call, 401, 'not_authenticated');
  }
});

test('a body that anyone can send is small, and its size is known', async () => {
  await using hub = await startTestHub();
  for (const [path, status] of [
    ['/api/v1/session', 401],
    ['/login', 401],
    ['/password', 410],
  ] as const) {
    const isJson = path.startsWith('/api/');
    const createBody = (size: number) =>
      (isJson ? '{"username":"x","password":"x"}' : 'username=x&password=x').padEnd(size);
    const send = async (body: BodyInit) => {
      const contentType = isJson ? 'application/json' : 'application/x-www-form-urlencoded';
      const headers = { 'content-type': contentType };
      return (await fetch(hub.url + path, { method: 'POST', headers, body })).status;
    };
    expect([path, await send(createBody(32_768))]).toEqual([path, status]);
    expect([path, await send(createBody(32_769))]).toEqual([path, 413]);
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(createBody(0)));
        controller.close();
      },
    });
    expect([path, await send(chunked)]).toEqual([path, 413]);
  }
});

test('a body that is nested too deeply is rejected as invalid', async () => {
  await using hub = await startTestHub();
  for (const depth of [1_000, 10_000, 400_000]) {
    const body = '['.repeat(depth) + ']'.repeat(depth);
    await expectError(hub.callApi('POST', '/commands', { body }), 400, 'invalid_message');
    await expectError(
      hub.callApi('POST', '/commands', { body: `{"agentId":${body}}` }),
      400,
      'invalid_message',
    );
  }
});

test('a body with more than 20,000 values is rejected unparsed', async () => {
  await using fixture = await startHubFixture();
  const { hub } = fixture;
  const createBody = (values: number) =>
    `{"agentId":"agent","command":"!ls","extra":[${'0,'.repeat(values)}0]}`;
  const response = await hub.callApi('POST', '/commands', { body: createBody(19_000) });
  expect(response.status).toBe(202);
  const rejected = hub.callApi('POST', '/commands', { body: createBody(20_000) });
  expect(await expectError(rejected, 400, 'invalid_message')).toBe(
    'Invalid request body: more than 20000 values.',
  );
});

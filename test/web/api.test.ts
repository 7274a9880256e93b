// The JSON API: every call, its statuses, and the one shape of its refusals.
import { describe, expect, test } from 'bun:test';
import { Value } from '@sinclair/typebox/value';
import type { TSchema } from '@sinclair/typebox';
import {
  AgentPage,
  RegisteredAgent,
  AcceptedCommand,
  CommandPage,
  ErrorResponse,
  SessionResponse,
} from '../../src/protocol/api.ts';
import { AgentSummary, CommandExecution } from '../../src/protocol/entities.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { SECRET, startTestHub, type TestHub } from '../support/hub/hub.ts';
import { createStage } from '../support/hub/stage.ts';

const PASSWORD = 'correct horse battery staple';

/** As good as any hash, and quicker to check. */
const passwordHash = await Bun.password.hash(PASSWORD, {
  algorithm: 'argon2id',
  memoryCost: 8,
  timeCost: 1,
});

/** A hub with an admin. */
async function withAdmin(options: Parameters<typeof startTestHub>[0] = {}) {
  const hub = await startTestHub(options);
  await hub.store.users.insert({ id: 'admin', role: 'admin', passwordHash, createdAt: 1 });
  return hub;
}

const logIn = (hub: TestHub, body: unknown = { username: 'admin', password: PASSWORD }) =>
  hub.call('POST', '/session', { token: null, body });

/** The answer, which must be this refusal and nothing else. */
async function refusal(answer: Response | Promise<Response>, status: number, code: string) {
  const response = await answer;
  const body = await response.json();
  expect([response.status, body.error?.code]).toEqual([status, code]);
  expect(Value.Check(ErrorResponse, body)).toBe(true);
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error)).toEqual(['code', 'message']);
  expect(response.headers.get('content-type')).toStartWith('application/json');
  return body.error.message as string;
}

/** The answer, which must have this status and this shape. */
async function good(answer: Response | Promise<Response>, status: number, shape: TSchema) {
  const response = await answer;
  const body = await response.json();
  expect([response.status, [...Value.Errors(shape, body)]]).toEqual([status, []]);
  return body;
}

describe('every call but logging in', () => {
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

  test.each(calls)('%s %s needs a token that is good', async (method, path, body) => {
    await using hub = await startTestHub();
    await hub.addAgent();
    const expired = await hub.token();
    hub.clock.advance(12 * 3_600_000 + 2_000);
    const socket = (await hub.tokens.issueSocket({ userId: 'a', role: 'admin', expiresAt: 9e15 }))
      .token;
    for (const token of [null, '', 'nonsense', expired, socket, await hub.addAgent('other')]) {
      await refusal(hub.call(method, path, { token, body }), 401, 'not_authenticated');
    }
    expect(hub.hub.registry.list()).toHaveLength(2);
  });

  test.each(calls)('%s %s may not come from another site', async (method, path, body) => {
    await using on = await createStage();
    const answers = [];
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await on.hub.call(method, path, {
        role: 'admin',
        body,
        headers: { ...headers },
      });
      answers.push(answer.status);
    }
    if (method !== 'GET') expect(answers).toEqual([403, 403, 403, 403]);
    else expect(answers).not.toContain(403);
    expect(on.hub.hub.registry.list()).toHaveLength(1);
    expect(on.agent.commands()).toEqual([]);
  });

  test("may come from the hub's own pages, here and at its public address", async () => {
    await using hub = await startTestHub({ publicUrl: 'https://signalbox.example' });
    for (const origin of [hub.url, 'https://signalbox.example']) {
      const body = { agentId: origin.startsWith('https') ? 'b' : 'a', agentType: 'claude' };
      const headers = { origin, 'sec-fetch-site': 'same-origin' };
      expect((await hub.call('POST', '/agents', { role: 'admin', body, headers })).status).toBe(
        201,
      );
    }
  });

  test('at an address nobody serves is not found', async () => {
    await using hub = await startTestHub();
    await refusal(hub.call('GET', '/nothing'), 404, 'not_found');
    await refusal(hub.call('PUT', '/agents/agent', { body: {} }), 404, 'not_found');
  });
});

describe('logging in', () => {
  test('answers with a token for 12 hours, as a cookie too', async () => {
    await using hub = await withAdmin();
    const answer = await logIn(hub);
    const cookie = answer.headers.get('set-cookie') ?? '';
    const session = await good(answer, 200, SessionResponse);
    expect(session).toMatchObject({
      userId: 'admin',
      role: 'admin',
      expiresAt: hub.clock.now() + 12 * 3_600_000,
    });
    expect(cookie.split('; ').toSorted()).toEqual([
      'HttpOnly',
      'Max-Age=43200',
      'Path=/',
      'SameSite=Strict',
      `signalbox=${session.token}`,
    ]);
    for (const headers of [
      { authorization: `Bearer ${session.token}` },
      { authorization: `bearer ${session.token}` },
      { cookie: `other=1; signalbox=${session.token}` },
    ]) {
      expect(
        (await hub.call('GET', '/agents', { token: null, headers: { ...headers } })).status,
      ).toBe(200);
    }
  });

  test('sets a Secure cookie where browsers come by https', async () => {
    await using hub = await withAdmin({ publicUrl: 'https://signalbox.example' });
    expect((await logIn(hub)).headers.get('set-cookie')).toContain('; Secure');
  });

  test.each([
    ['a wrong password', { username: 'admin', password: 'wrong' }, 401, 'not_authenticated'],
    ['an unknown name', { username: 'nobody', password: PASSWORD }, 401, 'not_authenticated'],
    ['no password', { username: 'admin' }, 400, 'invalid_message'],
    ['an empty name', { username: '', password: 'x' }, 400, 'invalid_message'],
    [
      'a password of a kilobyte and more',
      { username: 'admin', password: 'x'.repeat(1025) },
      400,
      'invalid_message',
    ],
    ['no JSON', '{"username"', 400, 'invalid_message'],
    ['an array', [], 400, 'invalid_message'],
  ])('with %s is refused', async (_name, body, status, code) => {
    await using hub = await withAdmin();
    const answer = await logIn(hub, body);
    expect(answer.headers.get('set-cookie')).toBeNull();
    const message = await refusal(answer, status, code);
    expect(message).not.toContain(PASSWORD);
  });

  test('is refused for a while after five wrong passwords, for that name alone', async () => {
    await using hub = await withAdmin();
    const wrong = { username: 'admin', password: 'wrong' };
    for (let i = 0; i < 5; i++) await refusal(logIn(hub, wrong), 401, 'not_authenticated');
    await refusal(logIn(hub), 429, 'rate_limited');
    await refusal(logIn(hub, { ...wrong, username: 'other' }), 401, 'not_authenticated');
    hub.clock.advance(30_000);
    expect((await logIn(hub)).status).toBe(200);
    expect((await logIn(hub)).status).toBe(200);
  });

  test('and out again: the browser forgets the cookie', async () => {
    await using hub = await withAdmin();
    const answer = await hub.call('DELETE', '/session', { token: null });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(/^signalbox=; .*Max-Age=0/);
  });

  test('gives a page a token for its socket, which the API does not take', async () => {
    await using hub = await withAdmin();
    const session = await good(
      hub.call('GET', '/session', { role: 'viewer' }),
      200,
      SessionResponse,
    );
    expect(session).toMatchObject({ role: 'viewer', expiresAt: hub.clock.now() + 300_000 });
    await refusal(hub.call('GET', '/agents', { token: session.token }), 401, 'not_authenticated');
    expect((await connectDashboard(hub, { token: session.token })).received[0]).toMatchObject({
      role: 'viewer',
    });
  });
});

describe('the first admin', () => {
  const setUp = (hub: TestHub, token: string, password = PASSWORD) =>
    fetch(`${hub.url}/setup`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token, password, again: password }),
    });

  test('is made by the setup link, once', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    expect((await setUp(hub, 'another-token!!')).status).toBe(410);
    expect((await setUp(hub, 'the-setup-token', 'short')).status).toBe(422);
    const answer = await setUp(hub, 'the-setup-token');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('set-cookie')).toContain('HttpOnly');
    expect((await setUp(hub, 'the-setup-token', 'another password')).status).toBe(410);
    expect((await logIn(hub)).status).toBe(200);
    await refusal(
      logIn(hub, { username: 'admin', password: 'another password' }),
      401,
      'not_authenticated',
    );
  });

  test('is made once, also when two ask in the same moment', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    const answers = await Promise.all([
      setUp(hub, 'the-setup-token'),
      setUp(hub, 'the-setup-token'),
    ]);
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['303', '410']);
  });

  test('is not made where there was one from the start', async () => {
    await using hub = await withAdmin();
    expect((await setUp(hub, '')).status).toBe(410);
    expect(hub.hub.accounts.createFirstAdmin('again')).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('can be tried again when it could not be stored', async () => {
    await using hub = await startTestHub({ setupToken: 'the-setup-token' });
    hub.store.fail((call) => call === 'users.insert');
    expect((await setUp(hub, 'the-setup-token')).status).toBeGreaterThanOrEqual(400);
    hub.store.heal();
    expect((await setUp(hub, 'the-setup-token')).status).toBe(303);
  });
});

describe('agents', () => {
  test('are listed by id, and looked at one by one', async () => {
    await using hub = await startTestHub();
    for (const id of ['b', 'c', 'a']) await hub.addAgent(id);
    const page = await good(hub.call('GET', '/agents', { role: 'viewer' }), 200, AgentPage);
    expect(page.items.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['a', 'b', 'c']);
    const one = await good(hub.call('GET', '/agents/b', { role: 'viewer' }), 200, AgentSummary);
    expect(one).toEqual(page.items[1]);
    expect(JSON.stringify(page)).not.toContain('tokenHash');
    await refusal(hub.call('GET', '/agents/x'), 404, 'agent_unknown');
  });

  test('are added by admins: the token is shown once, and only its hash is kept', async () => {
    await using hub = await startTestHub();
    const body = { agentId: 'new', agentType: 'gemini' };
    for (const role of ['viewer', 'operator'] as const) {
      await refusal(hub.call('POST', '/agents', { role, body }), 403, 'forbidden');
    }
    const added = await good(
      hub.call('POST', '/agents', { role: 'admin', body }),
      201,
      RegisteredAgent,
    );
    expect(added).toMatchObject(body);
    expect(added.token.length).toBeGreaterThan(40);
    await refusal(hub.call('POST', '/agents', { role: 'admin', body }), 409, 'agent_exists');
    const [stored] = await hub.store.agents.list();
    expect(stored).toMatchObject({ ...body, createdBy: 'ada' });
    expect(stored?.tokenHash).toBe(
      new Bun.CryptoHasher('sha256').update(added.token).digest('hex'),
    );
    expect(JSON.stringify(stored)).not.toContain(added.token);
    const again = await (await hub.call('GET', '/agents/new', { role: 'admin' })).text();
    expect(again).not.toContain(added.token);
    await connectAgent(hub, { ...body, token: added.token } as never);
  });

  test.each([
    ['an empty id', { agentId: '', agentType: 'claude' }],
    ['an id with a slash', { agentId: 'a/b', agentType: 'claude' }],
    ['an id that begins with a dot', { agentId: '..', agentType: 'claude' }],
    ['an id with markup', { agentId: '<script>', agentType: 'claude' }],
    ['an id of 65 letters', { agentId: 'a'.repeat(65), agentType: 'claude' }],
    ['another type', { agentId: 'a', agentType: 'gpt' }],
    ['no body', undefined],
  ])('are not added with %s', async (_name, body) => {
    await using hub = await startTestHub();
    await refusal(hub.call('POST', '/agents', { role: 'admin', body }), 400, 'invalid_message');
    expect(hub.hub.registry.list()).toEqual([]);
  });

  test('are removed by admins', async () => {
    await using hub = await startTestHub();
    await hub.addAgent();
    for (const role of ['viewer', 'operator'] as const) {
      await refusal(hub.call('DELETE', '/agents/agent', { role }), 403, 'forbidden');
    }
    expect((await hub.call('DELETE', '/agents/agent', { role: 'admin' })).status).toBe(204);
    await refusal(hub.call('DELETE', '/agents/agent', { role: 'admin' }), 404, 'agent_unknown');
    expect(await hub.store.agents.list()).toEqual([]);
  });

  test('are neither added nor removed while the disk fails', async () => {
    await using hub = await startTestHub();
    await hub.addAgent('old');
    hub.store.fail((call) => call.startsWith('agents.'));
    const body = { agentId: 'new', agentType: 'claude' };
    await refusal(hub.call('POST', '/agents', { role: 'admin', body }), 503, 'unavailable');
    await refusal(hub.call('DELETE', '/agents/old', { role: 'admin' }), 503, 'unavailable');
    expect(hub.hub.registry.list().map(({ agentId }) => agentId)).toEqual(['old']);
    hub.store.heal();
    expect((await hub.call('POST', '/agents', { role: 'admin', body })).status).toBe(201);
  });
});

describe('commands', () => {
  test('are taken with 202 and a place in the queue, and looked at by their id', async () => {
    await using on = await createStage();
    const body = { agentId: 'agent', command: '!ls -l' };
    const answer = await good(on.hub.call('POST', '/commands', { body }), 202, AcceptedCommand);
    expect(answer.position).toBe(0);
    const given = await on.agent.given(answer.commandId);
    on.agent.run(given.commandId, 'a\u0000b😀');
    await on.agent.acknowledged(given.commandId);
    const path = `/commands/${answer.commandId}`;
    const command = await good(on.hub.call('GET', path, { role: 'viewer' }), 200, CommandExecution);
    expect(command).toMatchObject({
      id: answer.commandId,
      agentId: 'agent',
      command: '!ls -l',
      priority: 'normal',
      status: 'completed',
      requestedBy: 'ada',
      exitCode: 0,
      session: 'continue',
      timeoutMs: 300_000,
    });
    expect(Object.keys(command).toSorted()).toEqual(
      Object.keys(CommandExecution.properties).toSorted(),
    );
    const output = await on.hub.call('GET', `${path}/output`, { role: 'viewer' });
    expect(output.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await output.text()).toBe('a\u0000b😀');
  });

  const refused: [string, unknown, number, string][] = [
    ['nobody', { agentId: 'nobody', command: '!ls' }, 404, 'agent_unknown'],
    ['an agent that is offline', { agentId: 'away', command: '!ls' }, 409, 'agent_offline'],
    ['the agent, but empty', { agentId: 'agent', command: '' }, 422, 'invalid_command'],
    ['the agent, but with a NUL', { agentId: 'agent', command: 'a\0' }, 422, 'invalid_command'],
    [
      'the agent, but too long',
      { agentId: 'agent', command: 'x'.repeat(65_537) },
      422,
      'invalid_command',
    ],
    [
      'the agent, but unknown to it',
      { agentId: 'agent', command: '/review' },
      422,
      'invalid_command',
    ],
    [
      'the agent, for too long',
      { agentId: 'agent', command: '!ls', timeoutMs: 9e9 },
      422,
      'invalid_command',
    ],
    ['no agent', { command: '!ls' }, 400, 'invalid_message'],
    ['the agent, but no text', { agentId: 'agent', command: 7 }, 400, 'invalid_message'],
    [
      'the agent, with a strange priority',
      { agentId: 'agent', command: '!ls', priority: 'now' },
      400,
      'invalid_message',
    ],
    ['the agent, but not in JSON', '{"agentId":', 400, 'invalid_message'],
    ['the agent, without a body', undefined, 400, 'invalid_message'],
  ];

  test.each(refused)('for %s are refused', async (_name, body, status, code) => {
    await using on = await createStage();
    await on.hub.addAgent('away');
    await refusal(on.hub.call('POST', '/commands', { body }), status, code);
  });

  test('are not taken from viewers, nor stopped by them', async () => {
    await using on = await createStage();
    const body = { agentId: 'agent', command: '!ls' };
    await refusal(on.hub.call('POST', '/commands', { role: 'viewer', body }), 403, 'forbidden');
    const id = await on.running();
    const path = `/commands/${id}/interrupt`;
    await refusal(on.hub.call('POST', path, { role: 'viewer' }), 403, 'forbidden');
    await on.agent.ping();
    expect(on.agent.ofType('command:interrupt')).toEqual([]);
  });

  test('a body over 1 MiB is not read', async () => {
    await using on = await createStage();
    const body = { agentId: 'agent', command: 'x'.repeat(1_048_576) };
    const answer = await on.hub.call('POST', '/commands', { body });
    expect(answer.status).toBeOneOf([413, 422]);
    expect(on.agent.commands()).toEqual([]);
  });

  test('are stopped with 202 while they live, and refused afterwards', async () => {
    await using on = await createStage();
    const running = await on.running();
    const waiting = await on.dashboard.request('!next');
    for (const id of [waiting, running]) {
      const answer = await on.hub.call('POST', `/commands/${id}/interrupt`);
      expect([answer.status, await answer.json()]).toEqual([202, { commandId: id }]);
    }
    await on.agent.find('command:interrupt', ({ commandId }) => commandId === running);
    on.agent.finish(running, { outcome: 'interrupted', exitCode: null });
    await on.dashboard.status(running, 'interrupted');
    for (const id of [waiting, running]) {
      await refusal(on.hub.call('POST', `/commands/${id}/interrupt`), 409, 'command_not_active');
    }
    await refusal(on.hub.call('POST', '/commands/nothing/interrupt'), 404, 'command_unknown');
    await refusal(on.hub.call('GET', '/commands/nothing'), 404, 'command_unknown');
    await refusal(on.hub.call('GET', '/commands/nothing/output'), 404, 'command_unknown');
  });

  test('are listed newest first, page by page, narrowed as asked', async () => {
    await using on = await createStage();
    const second = await connectAgent(on.hub, { agentId: 'second' });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await on.dashboard.request(`!echo ${i}%`));
    const other = await on.dashboard.request('!other', { agentId: 'second' });
    await second.given(other);
    second.run(other);
    await on.dashboard.status(other, 'completed');
    const list = async (query: string) => {
      const page = await good(
        on.hub.call('GET', `/commands?${query}`, { role: 'viewer' }),
        200,
        CommandPage,
      );
      return { ids: page.items.map(({ id }: { id: string }) => id), next: page.nextCursor };
    };
    expect((await list('')).ids).toEqual([other, ...ids]);
    const first = await list('agentId=agent&limit=2');
    expect(first.ids).toEqual(ids.slice(0, 2));
    const more = await list(`agentId=agent&limit=2&cursor=${first.next}`);
    expect(more.ids).toEqual(ids.slice(2, 4));
    expect(await list(`agentId=agent&limit=2&cursor=${more.next}`)).toEqual({
      ids: ids.slice(4),
      next: null,
    });
    expect((await list('status=completed')).ids).toEqual([other]);
    expect((await list('q=3%25')).ids).toEqual([ids[1] as string]);
    expect((await list('q=3_')).ids).toEqual([]);
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'status=done', `q=${'x'.repeat(257)}`])(
    'are not listed by %s',
    async (query) => {
      await using hub = await startTestHub();
      await refusal(hub.call('GET', `/commands?${query}`), 400, 'invalid_message');
    },
  );
});

test('what goes wrong inside is told as unavailable, and logged without the request', async () => {
  await using hub = await startTestHub();
  hub.store.fail((call) => call === 'commands.listPage');
  await refusal(hub.call('GET', '/commands?q=my-secret'), 503, 'unavailable');
  const line = hub.log.find(({ level }) => level === 'error');
  expect(line).toMatchObject({ about: { path: '/api/v1/commands' } });
});

test('no secret, token or password is ever logged', async () => {
  await using on = await createStage();
  const { hub } = on;
  await hub.store.users.insert({ id: 'admin', role: 'admin', passwordHash, createdAt: 1 });
  await logIn(hub, { username: 'admin', password: 'a wrong password' });
  const session = await (await logIn(hub)).json();
  await connectDashboard(hub, { token: session.token });
  hub.store.fail(() => true);
  const body = { agentId: 'agent', command: `!curl -H "token: ${session.token}"` };
  await hub.call('POST', '/commands', { body, token: session.token });
  on.dashboard.send(`{"type":"dashboard:connect","token":"${session.token}"`);
  on.agent.send(`{"type":"agent:connect","version":"1.0.0","token":"${on.agent.token}"}`);
  await on.dashboard.error('invalid_message');
  await on.agent.find('error');
  on.agent.cut();
  await on.agent.closed;
  hub.store.heal();
  await hub.settled();
  expect(hub.log.length).toBeGreaterThan(2);
  const text = Bun.inspect(hub.log, { depth: 10 });
  for (const secret of [SECRET, session.token, on.agent.token, PASSWORD, 'a wrong password']) {
    expect(text.includes(secret)).toBe(false);
  }
});

test('anybody may ask whether the hub lives', async () => {
  await using hub = await startTestHub();
  const answer = await fetch(`${hub.url}/healthz`);
  expect([answer.status, await answer.json()]).toMatchObject([
    200,
    { status: 'ok', name: 'signalbox', version: '0.0.0-test', pid: process.pid },
  ]);
});

// The two doors for sockets: who gets through the upgrade, who stays, and with which words the others are sent away.
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { connect as connectTcp } from 'node:net';
import { connectAgent, connectBareAgent, openAgent } from '../../support/hub/scripted-agent.ts';
import { connectDashboard, openDashboard } from '../../support/hub/dashboard.ts';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';
import type { Closed } from '../../support/hub/inbox.ts';

/** What both kinds of peer have in common. */
interface Peer {
  send(frame: string | Uint8Array): void;
  ping(): Promise<void>;
  readonly closed: Promise<Closed>;
  readonly received: readonly { type: string; message?: string }[];
  when<T>(look: () => T | undefined, what: string): Promise<T>;
}

const DOORS = ['/ws/dashboard', '/ws/agent'];

const UPGRADE = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Asks over bare TCP, header by header; answers with the head of the answer. The socket stays open. */
function knock(hub: TestHub, path: string, headers: Record<string, string | null> = {}) {
  const lines = Object.entries({ ...UPGRADE, ...headers })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const { promise, resolve } = Promise.withResolvers<{ status: number; head: string }>();
  const socket = connectTcp(hub.port, '127.0.0.1');
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end >= 0)
      resolve({ status: Number(text.slice(9, 12)), head: text.slice(0, end).toLowerCase() });
  });
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return promise.then((answer) => ({ ...answer, socket }));
}

describe.each(DOORS)('the upgrade at %s', (path) => {
  test.each<[string, Record<string, string | null>, number]>([
    ['as everybody asks for it', {}, 101],
    ['in capitals', { Upgrade: 'WebSocket' }, 101],
    ['with more than one token in Connection', { Connection: 'keep-alive, Upgrade' }, 101],
    ['with a Host of one letter', { Host: 'x' }, 101],
    ['with a Host of three', { Host: 'box' }, 101],
    ['with the hub as its Origin', { Origin: 'http://127.0.0.1' }, 101],
    ['with another site as its Origin', { Origin: 'https://evil.example' }, 403],
    ['with a null Origin', { Origin: 'null' }, 403],
    ['without Upgrade', { Upgrade: null, Connection: null }, 426],
    ['to something else', { Upgrade: 'h2c' }, 426],
    ['with version 12', { 'Sec-WebSocket-Version': '12' }, 426],
    ['without a version', { 'Sec-WebSocket-Version': null }, 426],
    ['without a key', { 'Sec-WebSocket-Key': null }, 426],
  ])('%s', async (_name, headers, status) => {
    await using hub = await startTestHub();
    const answer = await knock(hub, path, headers);
    expect(answer.status).toBe(status);
    if (status === 426) {
      expect(answer.head).toContain('\r\nupgrade: websocket');
      expect(answer.head).toMatch(/\r\nconnection: upgrade(\r\n|$)/);
      expect(answer.head).toContain('\r\nsec-websocket-version: 13');
    }
    answer.socket.destroy();
  });

  test('is allowed to the public address, and to no other', async () => {
    await using hub = await startTestHub({ publicUrl: 'https://signalbox.example' });
    for (const [origin, status] of [
      ['https://signalbox.example', 101],
      ['http://signalbox.example', 403],
      ['https://signalbox.example.evil.example', 403],
      ['https://signalbox.example:8443', 403],
    ] as const) {
      const answer = await knock(hub, path, { Origin: origin });
      expect([origin, answer.status]).toEqual([origin, status]);
      answer.socket.destroy();
    }
  });

  test('is refused with 503 while the hub drains', async () => {
    await using hub = await startTestHub();
    hub.drain();
    const answer = await knock(hub, path);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/\r\nretry-after: \d+/);
  });

  test('is refused with 503 while 100 others wait with their first message', async () => {
    await using hub = await startTestHub();
    const waiting = await Promise.all(
      Array.from({ length: 100 }, (_, i) => knock(hub, DOORS[i % 2] ?? '')),
    );
    expect(waiting.filter(({ status }) => status === 101)).toHaveLength(100);
    const answer = await knock(hub, path);
    expect(answer.status).toBe(503);
    expect(answer.head).toMatch(/\r\nretry-after: \d+/);
    // The sockets whose time is over make room.
    hub.clock.advance(5_000);
    expect((await knock(hub, path)).status).toBe(101);
  });
});

describe.each(['dashboard', 'agent'] as const)('a %s', (kind) => {
  const open = (hub: TestHub): Promise<Peer> =>
    kind === 'dashboard' ? openDashboard(hub) : openAgent(hub);
  const connect = (hub: TestHub): Promise<Peer> =>
    kind === 'dashboard' ? connectDashboard(hub) : connectAgent(hub);
  /** Resolves with the text of the hub's nth error. */
  const error = (peer: Peer, nth = 0) =>
    peer.when(() => peer.received.filter(({ type }) => type === 'error')[nth]?.message, 'an error');

  test('that says nothing for 5 s is sent away', async () => {
    await using hub = await startTestHub();
    const socket = await open(hub);
    hub.clock.advance(4_999);
    await socket.ping();
    hub.clock.advance(1);
    expect(await socket.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
  });

  test('that was welcomed has no such deadline', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    hub.clock.advance(5_000);
    await socket.ping();
  });

  test.each<[string, string | Uint8Array, string]>([
    ['nonsense', 'nonsense', 'unauthenticated'],
    [
      'another message',
      '{"type":"terminal:detach","version":"1.0.0","commandId":"x"}',
      'unauthenticated',
    ],
    [
      "an agent's message",
      '{"type":"command:started","version":"1.0.0","commandId":"x"}',
      'unauthenticated',
    ],
    ['a bad connect', `{"type":"${kind}:connect","version":"1.0.0"}`, 'unauthenticated'],
    ['another version', `{"type":"${kind}:connect","version":"2.0.0"}`, 'unsupported_version'],
    ['bytes with a bad flag', new Uint8Array([9, 9]), 'unauthenticated'],
  ])('that begins with %s is sent away', async (_name, frame, reason) => {
    await using hub = await startTestHub();
    const socket = await open(hub);
    socket.send(frame);
    expect(await socket.closed).toEqual({ code: 1008, reason });
  });

  test('may send 1 MiB, and not a byte more', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    socket.send('x'.repeat(1_048_576));
    await error(socket);
    socket.send('x'.repeat(1_048_577));
    expect((await socket.closed).code).toBeOneOf([1009, 1006]);
    await connectDashboard(hub);
  });

  test('may speak in flagged bytes', async () => {
    await using hub = await startTestHub();
    const socket = await connect(hub);
    const text = new TextEncoder().encode('{"type":"hub:explode","version":"1.0.0"}');
    socket.send(new Uint8Array([0, ...text]));
    expect(await error(socket)).toContain('hub:explode');
    socket.send(new Uint8Array([1, ...Bun.deflateSync(text)]));
    expect(await error(socket, 1)).toContain('hub:explode');
  });
});

describe("a dashboard's token", () => {
  test('for sockets opens a socket that lasts as long as the session', async () => {
    await using hub = await startTestHub();
    const session = await (await hub.call('GET', '/session')).json();
    const dashboard = await connectDashboard(hub, { token: session.token });
    await hub.pass(6 * 60_000, dashboard);
    await dashboard.ping();
    const late = await openDashboard(hub);
    late.say({
      type: 'dashboard:connect',
      token: session.token,
      clientInfo: { userAgent: 'x', timezone: 'x' },
    });
    expect(await late.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
  });

  test('that is wrong is told so, and ends the socket', async () => {
    await using hub = await startTestHub();
    const dashboard = await openDashboard(hub);
    dashboard.say({
      type: 'dashboard:connect',
      token: 'not a token',
      clientInfo: { userAgent: 'x', timezone: 'x' },
    });
    await dashboard.error('not_authenticated');
    expect(await dashboard.closed).toEqual({ code: 1008, reason: 'unauthenticated' });
    expect(hub.hub.state.dashboards.size).toBe(0);
  });

  test('leaves nobody behind when its socket is closed while it is looked at', async () => {
    await using hub = await startTestHub();
    const token = await hub.token();
    for (let i = 0; i < 5; i++) {
      const dashboard = await openDashboard(hub);
      dashboard.say({
        type: 'dashboard:connect',
        token,
        clientInfo: { userAgent: 'x', timezone: 'x' },
      });
      dashboard.close();
      await dashboard.closed;
    }
    await hub.settled();
    expect(
      [...hub.hub.state.dashboards.values()].filter(({ state }) => state === 'CONNECTED'),
    ).toEqual([]);
  });
});

describe('dashboards', () => {
  test('may be 50; the 51st is told to try again later', async () => {
    await using hub = await startTestHub();
    const dashboards = [];
    for (let i = 0; i < 50; i++) dashboards.push(await connectDashboard(hub));
    // One that waits with its first message does not count, but is too late.
    const late = await openDashboard(hub);
    void late.hello(hub).catch(() => undefined);
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
    await dashboards[0]?.ping();
    // One that is RECONNECTING does not count, and comes back only while there is room.
    const [first] = dashboards;
    const { connectionId, hubEpoch } = await first!.find('dashboard:welcome');
    first!.cut();
    await first!.closed;
    const instead = await connectDashboard(hub);
    expect(hub.hub.state.dashboards.get(connectionId)?.state).toBe('RECONNECTING');
    const resume = { connectionId, hubEpoch, terminals: [] };
    const crowded = await openDashboard(hub);
    void crowded.hello(hub, { resume }).catch(() => undefined);
    expect(await crowded.closed).toEqual({ code: 1013, reason: 'limit' });
    instead.close();
    await instead.closed;
    const back = await openDashboard(hub);
    expect(await back.hello(hub, { resume })).toMatchObject({ resumed: true });
  });

  test('may be as many as the hub is told', async () => {
    await using hub = await startTestHub({ settings: { maxDashboards: 1 } });
    await connectDashboard(hub);
    const late = await openDashboard(hub);
    void late.hello(hub).catch(() => undefined);
    expect(await late.closed).toEqual({ code: 1013, reason: 'limit' });
  });
});

describe('a hub that stops', () => {
  test('sends everyone away with 1001, those too that only wait', async () => {
    await using hub = await startTestHub();
    const agent = await connectBareAgent(hub);
    const challenger = await openAgent(hub);
    challenger.hello({ token: agent.token, instanceId: 'other' });
    await challenger.ping();
    const peers = [
      agent,
      challenger,
      await connectDashboard(hub),
      await openDashboard(hub),
      await openAgent(hub),
    ];
    hub.drain();
    hub.hub.stop();
    for (const peer of peers) expect(await peer.closed).toEqual({ code: 1001, reason: 'shutdown' });
  });
});

test('the log of connections says who came, when they went, and how', async () => {
  await using hub = await startTestHub({ onDisk: true });
  const agent = await connectAgent(hub);
  const dashboard = await connectDashboard(hub);
  hub.clock.advance(1_000);
  dashboard.close();
  await dashboard.closed;
  agent.cut();
  await agent.closed;
  await hub.settled();
  await hub.settled();
  const database = new Database(hub.file, { readonly: true });
  const lines = database.query('SELECT * FROM connections ORDER BY kind').all();
  database.close();
  const connectedAt = hub.clock.now() - 1_000;
  expect(lines).toMatchObject([
    {
      kind: 'agent',
      peer: 'agent',
      connected_at: connectedAt,
      disconnected_at: hub.clock.now(),
      close_code: 1006,
    },
    {
      kind: 'dashboard',
      peer: 'ada',
      connected_at: connectedAt,
      disconnected_at: hub.clock.now(),
      close_code: 1000,
    },
  ]);
});

test('the log of connections is purged after 30 days', async () => {
  await using before = await startTestHub({ onDisk: true });
  const dashboard = await connectDashboard(before);
  dashboard.close();
  await dashboard.closed;
  await before.settled();
  const hour = 3_600_000;
  await using hub = await before.restart(30 * 24 * hour - hour / 2);
  const database = new Database(hub.file);
  const lines = () => database.query('SELECT id FROM connections').all().length;
  await hub.settled();
  expect(lines()).toBe(1);
  hub.clock.advance(hour);
  await hub.settled();
  expect(lines()).toBe(0);
  database.close();
});

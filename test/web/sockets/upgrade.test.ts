// The WebSocket upgrade at both endpoints: origins, headers and limits.
import { describe, expect, test } from 'bun:test';
import { connect as connectTcp } from 'node:net';
import { startTestHub, type TestHub } from '../../support/hub/hub.ts';

const PATHS = ['/ws/dashboard', '/ws/agent'];

const UPGRADE = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

type Upgrade = Awaited<ReturnType<typeof requestUpgrade>>;

/** Whether nothing has arrived since the upgrade. */
const isOpen = ({ received }: Upgrade) => received().length === 0;

/** Waits for the close frame that follows the upgrade. */
async function readCloseFrame({ socket, received }: Upgrade) {
  while (received().length < 4) await new Promise((resolve) => socket.once('data', resolve));
  const frame = received();
  expect(frame[0]).toBe(0x88);
  return { code: frame.readUInt16BE(2), reason: frame.toString('latin1', 4) };
}

/** Sends an upgrade request with these headers over TCP. Returns the response's head; the socket stays open. */
function requestUpgrade(hub: TestHub, path: string, headers: Record<string, string | null> = {}) {
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
  /** The bytes after the head. */
  const received = () => Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return promise.then((response) => ({ ...response, socket, received }));
}

describe.each(PATHS)('the upgrade at %s', (path) => {
  test.each<[string, Record<string, string | null>, number]>([
    ['with the usual headers', {}, 101],
    ['with "WebSocket" capitalized', { Upgrade: 'WebSocket' }, 101],
    ['with several tokens in Connection', { Connection: 'keep-alive, Upgrade' }, 101],
    ['with a name as its Host', { Host: 'localhost' }, 101],
    ['with another site as its Host', { Host: 'x' }, 421],
    ['with the hub as its Origin', { Origin: 'http://127.0.0.1' }, 101],
    ['with another site as its Origin', { Origin: 'https://evil.example' }, 403],
    ['with a null Origin', { Origin: 'null' }, 403],
    ['without Upgrade', { Upgrade: null, Connection: null }, 426],
    ['to another protocol', { Upgrade: 'h2c' }, 426],
    ['with version 12', { 'Sec-WebSocket-Version': '12' }, 426],
    ['without a version', { 'Sec-WebSocket-Version': null }, 426],
    ['without a key', { 'Sec-WebSocket-Key': null }, 426],
  ])('%s', async (_name, headers, status) => {
    await using hub = await startTestHub();
    const response = await requestUpgrade(hub, path, headers);
    expect(response.status).toBe(status);
    if (status === 426) {
      expect(response.head).toContain('\r\nupgrade: websocket');
      expect(response.head).toMatch(/\r\nconnection: upgrade(\r\n|$)/);
      expect(response.head).toContain('\r\nsec-websocket-version: 13');
    }
    response.socket.destroy();
  });

  test('is accepted from the public origin only', async () => {
    await using hub = await startTestHub({ publicUrl: 'https://signalbox.example' });
    for (const [origin, status] of [
      ['https://signalbox.example', 101],
      ['http://signalbox.example', 403],
      ['https://signalbox.example.evil.example', 403],
      ['https://signalbox.example:8443', 403],
    ] as const) {
      const response = await requestUpgrade(hub, path, { Origin: origin });
      expect([origin, response.status]).toEqual([origin, status]);
      response.socket.destroy();
    }
  });

  test('is rejected with 503 while the hub drains', async () => {
    await using hub = await startTestHub();
    hub.drain();
    const response = await requestUpgrade(hub, path);
    expect(response.status).toBe(503);
    expect(response.head).toMatch(/\r\nretry-after: \d+/);
  });

  test('closes the oldest of more than 20 pending sockets from one address', async () => {
    await using hub = await startTestHub({ trustedProxies: ['127.0.0.1'] });
    const from = (address: string) => ({ 'X-Forwarded-For': address });
    const first = await requestUpgrade(hub, path, from('192.0.2.1'));
    const other = await requestUpgrade(hub, path, from('192.0.2.2'));
    const second = await requestUpgrade(hub, path, from('192.0.2.1'));
    for (let i = 2; i < 20; i++) await requestUpgrade(hub, PATHS[i % 2]!, from('192.0.2.1'));
    expect(isOpen(first)).toBe(true);
    expect((await requestUpgrade(hub, path, from('192.0.2.1'))).status).toBe(101);
    expect(await readCloseFrame(first)).toEqual({ code: 1013, reason: 'limit' });
    expect([isOpen(second), isOpen(other)]).toEqual([true, true]);
  });

  test('closes the oldest of more than 100 pending sockets', async () => {
    await using hub = await startTestHub({ trustedProxies: ['127.0.0.1'] });
    const from = (index: number) => ({ 'X-Forwarded-For': `192.0.2.${index % 10}` });
    const first = await requestUpgrade(hub, path, from(0));
    const second = await requestUpgrade(hub, path, from(1));
    for (let i = 2; i < 100; i++) await requestUpgrade(hub, path, from(i));
    expect(isOpen(first)).toBe(true);
    expect((await requestUpgrade(hub, path, { 'X-Forwarded-For': '192.0.2.99' })).status).toBe(101);
    expect(await readCloseFrame(first)).toEqual({ code: 1013, reason: 'limit' });
    expect(isOpen(second)).toBe(true);
  });

  test('does not count sockets whose request has valid credentials', async () => {
    await using hub = await startTestHub();
    const credentials =
      path === '/ws/agent'
        ? { Authorization: `Bearer ${await hub.addAgent()}` }
        : { Cookie: `signalbox=${await hub.issueToken()}` };
    const known = await requestUpgrade(hub, path, credentials);
    for (let i = 0; i < 40; i++) await requestUpgrade(hub, path);
    expect(isOpen(known)).toBe(true);
    hub.clock.advance(5_000);
    expect(await readCloseFrame(known)).toEqual({ code: 1013, reason: 'first_message_timeout' });
  });
});

// WebSocket frames that break the protocol (RFC 6455), and messages that expand, sent to the compiled hub.
import { beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { addAgent } from '../support/binary.ts';
import { startLatencyProbe } from '../support/latency.ts';
import { readFrameHeader } from '../support/hub/frame-header.ts';
import { useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();
/** The first message of each kind of peer. */
let connectMessages: Record<'dashboard' | 'agent', string>;
beforeAll(async () => {
  const { admin } = hub;
  const version = '1.0.0';
  const clientInfo = { userAgent: 'test', timezone: 'UTC' };
  const token = admin['authorization']!.slice('Bearer '.length);
  const agentToken = await addAgent(hub.url, 'agent', 'claude', admin);
  const agent = { agentId: 'agent', agentType: 'claude', capabilities: ['shell'], instanceId: 'a' };
  connectMessages = {
    dashboard: JSON.stringify({ type: 'dashboard:connect', version, token, clientInfo }),
    agent: JSON.stringify({ type: 'agent:connect', version, token: agentToken, ...agent }),
  };
});
const FIN = 0x80;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Creates a frame with an all-zero mask. @param first its first byte: flags and opcode */
function createFrame(first: number, payload: string | Uint8Array = '', length?: number): Buffer {
  const bytes = Buffer.from(payload as string);
  const header = Buffer.alloc(14);
  header[0] = first;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length ?? bytes.length), 2);
  if ((length ?? bytes.length) >= 65_536) return Buffer.concat([header, bytes]);
  if ((length ?? bytes.length) >= 126) {
    const short = Buffer.from([first, 0x80 | 126, 0, 0, 0, 0, 0, 0]);
    short.writeUInt16BE(length ?? bytes.length, 2);
    return Buffer.concat([short, bytes]);
  }
  return Buffer.concat([Buffer.from([first, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

interface Frame {
  opcode: number;
  payload: Buffer;
}

/** Opens a socket over TCP, sends bytes, and records the frames that it receives. */
function openTcp(path: string) {
  const { hostname, port, host } = new URL(hub.url);
  const socket = connect(Number(port), hostname);
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  let buffer: Buffer = Buffer.alloc(0);
  let isUpgraded = false;
  let isClosed = false;
  const notify = () => {
    for (const check of waiting) check();
  };
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    notify();
  });
  socket.on('data', (bytes: Buffer) => {
    buffer = Buffer.concat([buffer, bytes]);
    const end = isUpgraded ? 0 : buffer.indexOf('\r\n\r\n') + 4;
    if (!isUpgraded && end < 4) return;
    isUpgraded = true;
    buffer = buffer.subarray(end);
    for (;;) {
      const header = readFrameHeader(buffer, 0);
      const size = header ? header.headerBytes + header.payloadBytes : Infinity;
      if (!header || buffer.length < size) break;
      frames.push({ opcode: header.opcode, payload: buffer.subarray(header.headerBytes, size) });
      buffer = buffer.subarray(size);
    }
    notify();
  });
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  /** Resolves with a matching frame, or with null once the connection is closed. */
  function waitFor(matches: (frame: Frame) => boolean): Promise<Frame | null> {
    const { promise, resolve } = Promise.withResolvers<Frame | null>();
    const check = () => {
      const found = frames.find(matches);
      if (!found && !isClosed) return;
      waiting.delete(check);
      resolve(found ?? null);
    };
    waiting.add(check);
    check();
    return promise;
  }
  return {
    send: (bytes: Uint8Array) => void socket.write(bytes),
    waitFor,
    waitForText: (text: string) =>
      waitFor(({ opcode, payload }) => opcode === TEXT && payload.includes(text)),
    /** Resolves with the code of the close frame; 1006 without one. */
    async readCloseCode() {
      const frame = await waitFor(({ opcode }) => opcode === CLOSE);
      return frame && frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1006;
    },
    destroy: () => socket.destroy(),
  };
}

async function openConnected(kind: 'dashboard' | 'agent') {
  const tcp = openTcp(`/ws/${kind}`);
  tcp.send(createFrame(FIN | TEXT, connectMessages[kind]));
  expect(await tcp.waitForText(`${kind}:welcome`)).not.toBeNull();
  return tcp;
}

/** A frame, deflated, with the flag of compressed messages. */
const deflate = (text: string) =>
  createFrame(FIN | BINARY, Buffer.concat([Buffer.from([1]), deflateRawSync(text)]));
const PROTOCOL = 'a broken frame';
const SIZE = 'size';

const broken: [threat: string, name: string, bytes: Uint8Array][] = [
  [PROTOCOL, 'without a mask', Buffer.from([FIN | TEXT, 2, 0x7b, 0x7d])],
  [PROTOCOL, 'with RSV1', createFrame(FIN | 0x40 | TEXT, '{}')],
  [PROTOCOL, 'with RSV2', createFrame(FIN | 0x20 | TEXT, '{}')],
  [PROTOCOL, 'with RSV3', createFrame(FIN | 0x10 | TEXT, '{}')],
  [PROTOCOL, 'with opcode 3', createFrame(FIN | 3, '{}')],
  [PROTOCOL, 'with opcode 11', createFrame(FIN | 11, '{}')],
  [PROTOCOL, 'that continues nothing', createFrame(FIN | CONTINUATION, '{}')],
  [
    PROTOCOL,
    'inside another one',
    Buffer.concat([createFrame(TEXT, '{'), createFrame(FIN | TEXT, '}')]),
  ],
  [PROTOCOL, 'that is a fragment of a ping', createFrame(PING, 'x')],
  [PROTOCOL, 'that is a fragment of a close', createFrame(CLOSE, '')],
  [PROTOCOL, 'that is a ping of 126 bytes', createFrame(FIN | PING, 'x'.repeat(126))],
  [PROTOCOL, 'that is a close with one byte', createFrame(FIN | CLOSE, 'x')],
  [PROTOCOL, 'that is a close with code 1005', createFrame(FIN | CLOSE, '\x03\xed')],
  ['encoding', 'with invalid UTF-8', createFrame(FIN | TEXT, Buffer.from([0xff, 0xfe]))],
  ['encoding', 'with a surrogate', createFrame(FIN | TEXT, Buffer.from([0xed, 0xa0, 0x80]))],
  [SIZE, 'of one byte too much', createFrame(FIN | TEXT, 'x'.repeat(1_048_577))],
  [SIZE, 'that announces 4 GB', createFrame(FIN | TEXT, 'x', 2 ** 32)],
  [SIZE, 'that announces 2^53 bytes', createFrame(FIN | BINARY, 'x', Number.MAX_SAFE_INTEGER)],
  [
    SIZE,
    'in fragments that are too large together',
    Buffer.concat([createFrame(TEXT, 'x'.repeat(600_000)), createFrame(0, 'x'.repeat(600_000))]),
  ],
];

const rejected: [threat: string, name: string, bytes: Uint8Array][] = [
  ['encoding', 'invalid UTF-8 in a binary frame', createFrame(FIN | BINARY, '\0\xff')],
  ['encoding', 'no flag', createFrame(FIN | BINARY)],
  ['encoding', 'an unknown flag', createFrame(FIN | BINARY, '\x02{}')],
  ['encoding', 'no text', createFrame(FIN | TEXT)],
  ['a bomb', '100 MB, compressed to 100 KB', deflate('x'.repeat(100_000_000))],
  ['a bomb', 'one byte too much, compressed', deflate(`"${'x'.repeat(1_048_575)}"`)],
  [
    'a bomb',
    'compressed data that is cut off',
    createFrame(
      FIN | BINARY,
      Buffer.concat([Buffer.from([1]), deflateRawSync('{}').subarray(0, -1)]),
    ),
  ],
  ['stack overflow', 'deep arrays', createFrame(FIN | TEXT, '['.repeat(1_000_000))],
  ['stack overflow', 'deep objects, compressed', deflate('{"a":'.repeat(200_000))],
  ['wrong type', 'null', createFrame(FIN | TEXT, 'null')],
  ['wrong type', 'an array', createFrame(FIN | TEXT, '[{"type":"agent:connect"}]')],
  [
    'prototype',
    'a type of Object',
    createFrame(FIN | TEXT, '{"type":"toString","version":"1.0.0"}'),
  ],
  [
    'prototype',
    '__proto__',
    createFrame(FIN | TEXT, '{"__proto__":{"type":"x","version":"1.0.0"}}'),
  ],
];

describe.each(['dashboard', 'agent'] as const)('at the socket of a %s', (kind) => {
  test.each(broken)('%s %s closes the connection', async (_threat, _name, bytes) => {
    for (const open of [() => openTcp(`/ws/${kind}`), () => openConnected(kind)]) {
      const tcp = await open();
      tcp.send(bytes);
      expect(await tcp.readCloseCode()).toBeOneOf([1002, 1006, 1007, 1009]);
      tcp.destroy();
    }
  });

  test.each(rejected)('%s: %s is rejected', async (_threat, _name, bytes) => {
    const first = openTcp(`/ws/${kind}`);
    first.send(bytes);
    expect(await first.readCloseCode()).toBe(1008);
    first.destroy();

    const tcp = await openConnected(kind);
    const startedAt = performance.now();
    tcp.send(bytes);
    expect(await tcp.waitForText('invalid_message')).not.toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    tcp.send(createFrame(FIN | PING, 'still open'));
    expect(await tcp.waitFor(({ opcode }) => opcode === PONG)).not.toBeNull();
    tcp.destroy();
  });

  test('a message in fragments of one byte, with pings between them, is accepted', async () => {
    const tcp = openTcp(`/ws/${kind}`);
    const bytes = [...Buffer.from(connectMessages[kind])].flatMap((byte, index) => [
      createFrame(index === 0 ? TEXT : CONTINUATION, Buffer.from([byte])),
      createFrame(FIN | PING),
    ]);
    tcp.send(Buffer.concat([...bytes, createFrame(FIN | CONTINUATION)]));
    expect(await tcp.waitForText(`${kind}:welcome`)).not.toBeNull();
    tcp.destroy();
  });

  test('a flood of pings and pongs delays nobody', async () => {
    const tcp = await openConnected(kind);
    const flood = Buffer.concat(
      Array.from({ length: 100_000 }, (_, index) =>
        createFrame(FIN | (index % 2 ? PING : PONG), 'x'),
      ),
    );
    let floods = 0;
    const sendFlood = async () => {
      const name = `last ${floods++}`;
      tcp.send(Buffer.concat([flood, createFrame(FIN | PING, name)]));
      expect(await tcp.waitFor(({ payload }) => payload.toString() === name)).not.toBeNull();
    };
    const probe = await startLatencyProbe(hub.url, hub.admin);
    await probe.expectNoDelay(sendFlood);
    await probe.stop();
    tcp.destroy();
  }, 120_000);
});
